//! Apache Kafka as one node in KRaft mode: where there is no container engine, the stand-in for Redpanda.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::program::Program;
use super::tools::Tools;

/// Partitions of a topic.
pub(super) const PARTITIONS: u16 = 16;

/// Names the cluster in its own data; any 16 bytes in base64.
const CLUSTER: &str = "VGlkaW5nc09uT25lTWFjaA";

/// How long it may take to write down what it has.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a broker may take to start, and how long one that runs already may take to answer.
pub(super) const STARTING: Duration = Duration::from_mins(1);
pub(super) const ANSWERING: Duration = Duration::from_secs(15);

/// What goes into logs: warnings, and how the broker comes and goes. That a broker is not there yet, who waits for it tells in the end.
const LOGGING: [&str; 5] = [
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.clients=error",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
];

/// A broker that is to be run.
#[derive(Debug)]
pub struct Broker<'a> {
    /// Where its program is.
    pub tools: &'a Tools,
    /// The folder of its data.
    pub data: PathBuf,
    /// The folder of logs.
    pub folder: PathBuf,
    /// Where it listens.
    pub port: u16,
    /// Where it listens to itself.
    pub controller_port: u16,
}

impl Broker<'_> {
    /// Makes its data directory what Kafka expects, where it is not.
    ///
    /// # Errors
    /// When the directory cannot be written, or Kafka refuses it.
    pub async fn prepare(&self) -> anyhow::Result<()> {
        fs::create_dir_all(&self.data).with_context(|| format!("cannot create {}", self.data.display()))?;
        fs::write(self.properties_file(), self.properties()).context("the broker's settings cannot be written")?;
        if self.data.join("log/meta.properties").exists() {
            return Ok(());
        }
        let file = self.properties_file().display().to_string();
        let format = ["kafka.tools.StorageTool", "format", "--standalone", "-t", CLUSTER, "-c", &file];
        self.java("broker-format", "64m", &format).complete().await
    }

    /// The broker itself.
    pub fn program(&self) -> Program {
        self.java("broker", "512m", &["kafka.Kafka", &self.properties_file().display().to_string()])
    }

    /// Creates the topics that are not there; waits for the broker.
    ///
    /// # Errors
    /// When the broker does not create them.
    pub async fn create_topics(&self, names: &[String], partitions: u16) -> anyhow::Result<()> {
        create_topics(self.tools, &self.folder, &self.address(), STARTING, names, partitions).await
    }

    /// Where it is reached.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn properties_file(&self) -> PathBuf {
        self.data.join("server.properties")
    }

    /// `auto.create.topics.enable` is off, so that no topic comes to be with another number of partitions.
    fn properties(&self) -> String {
        let Self { controller_port, .. } = self;
        let (broker, log) = (self.address(), self.data.join("log"));
        format!(
            "process.roles=broker,controller\nnode.id=1\n\
             controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}\n\
             listeners=PLAINTEXT://{broker},CONTROLLER://127.0.0.1:{controller_port}\n\
             advertised.listeners=PLAINTEXT://{broker}\ncontroller.listener.names=CONTROLLER\n\
             log.dirs={log}\nauto.create.topics.enable=false\n\
             message.max.bytes=8388608\noffsets.topic.replication.factor=1\noffsets.topic.num.partitions=4\n\
             group.initial.rebalance.delay.ms=0\n",
            log = log.display()
        )
    }

    fn java(&self, name: &str, heap: &str, arguments: &[&str]) -> Program {
        java(self.tools, &self.folder, name, heap, arguments)
    }
}

/// Creates the topics that are not there at the broker of this address, whichever it is; waits for it, but not longer than `patience`.
/// `folder` is for what is written for one run.
///
/// # Errors
/// When the broker does not answer in time, or does not create them.
pub(super) async fn create_topics(
    tools: &Tools,
    folder: &Path,
    broker: &str,
    patience: Duration,
    names: &[String],
    partitions: u16,
) -> anyhow::Result<()> {
    let source = folder.join("CreateTopics.java");
    fs::write(&source, include_str!("create_topics.java")).context("the broker's topics cannot be written down")?;
    let words =
        [source.display().to_string(), broker.to_owned(), patience.as_millis().to_string(), partitions.to_string()];
    let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
    arguments.extend(names.iter().map(String::as_str));
    let created = java(tools, folder, "broker-topics", "64m", &arguments).complete().await;
    created.with_context(|| format!("the topics cannot be created at the broker {broker}"))
}

fn java(tools: &Tools, folder: &Path, name: &str, heap: &str, arguments: &[&str]) -> Program {
    let jars = format!("{}/*", tools.kafka.display());
    let options = [&format!("-Xmx{heap}"), "-cp", &jars];
    let arguments = LOGGING.iter().chain(&options).chain(arguments).copied().map(Into::into);
    let program = Program::new(name, &tools.java, folder, PATIENCE);
    Program { arguments: arguments.collect(), ..program }
}
