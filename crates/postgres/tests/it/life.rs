use postgres::{Server};

#[tokio::test]
async fn first() {
    let t = std::time::Instant::now();
    let server = Server::throw_away().unwrap().start().await.unwrap();
    eprintln!("{:?} {}", t.elapsed(), server.url("postgres"));
    let out = std::process::Command::new("psql").arg(server.url("postgres")).arg("-c").arg("\\l").output();
    eprintln!("{out:?}");
    server.stop().await.unwrap();
    eprintln!("{:?}", t.elapsed());
}
