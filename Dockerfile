# Every service in one image; the command says which: docker run … tidings backend-api
FROM rust:1.95-bookworm AS build
WORKDIR /tidings
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/target \
    CARGO_TARGET_DIR=/target cargo build --release --locked \
        --bin backend-api --bin audit-service --bin notification-service --bin recurring-task-service --bin websocket-service && \
    mkdir /services && cd /target/release && cp backend-api audit-service notification-service recurring-task-service websocket-service /services/

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /services/ /usr/local/bin/
ENV PATH=/usr/local/bin LOG_FORMAT=json
