# One service in an image, of all that are built together:
#
#   docker build --build-arg SERVICE=backend-api --tag tidings/backend-api .
#
# ./scripts/images does it for each of them, with docker, podman or buildah, and can pack what was built elsewhere (docs/adr/0034).
# `docker run … tidings/backend-api` serves; `docker run … tidings/backend-api migrate` brings its tables up to date.

# Where the programs come from: `build` compiles them here, `built` takes the folder that is the context, made by ./scripts/binaries.
ARG BINARIES=build

FROM rust:1.95.0-bookworm AS chef
WORKDIR /tidings
COPY scripts/binaries scripts/binaries
RUN cargo install --locked --quiet cargo-chef@0.1.78 && ./scripts/binaries --tools

FROM chef AS plan
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

# The dependencies are a layer of their own: a change of our code builds our code. The flags are those of scripts/binaries.
FROM chef AS build
ENV CARGO_TARGET_DIR=/target
COPY --from=plan /tidings/recipe.json .
RUN RUSTFLAGS="-C target-feature=+crt-static" cargo chef cook --release --locked --target "$(rustc --print host-tuple)" \
        --package backend-api --package audit-service --package notification-service --package recurring-task-service \
        --package websocket-service --recipe-path recipe.json
COPY . .
RUN ./scripts/binaries /image

FROM scratch AS built
COPY . /image/

FROM ${BINARIES} AS binaries

# Nothing but the program, the certificates of those whom it may trust, and where names are looked up: no shell, no package to mend.
FROM scratch AS service
ARG SERVICE
COPY --from=binaries /image/etc/ /etc/
COPY --from=binaries /image/services/${SERVICE} /service
ENV LOG_FORMAT=json
# By number, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 65532:65532
ENTRYPOINT ["/service"]
ARG VERSION
ARG REVISION
ARG SOURCE
LABEL org.opencontainers.image.title="${SERVICE}" \
      org.opencontainers.image.description="${SERVICE} of Tidings, an event-driven task platform" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"
