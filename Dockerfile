# syntax=docker/dockerfile:1

# The build has the Debian release of the runtime below, so that the program finds the C library that it was linked with.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
# Everything at once: which files matter is said in .dockerignore.
COPY . .
# The caches live outside the layers, so a changed line does not build every dependency again; hence the copy at the end.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin countersign && cp target/release/countersign /countersign

FROM debian:12-slim
# A user of a fixed number, so that secrets and volumes on the host can be given to it by that number.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin countersign \
    && install -d -m 0700 -o countersign -g countersign /var/lib/countersign
# The program is all there is: it needs no certificates, since it has its own, and no client library for Postgres.
COPY --from=build /countersign /usr/local/bin/countersign
USER 10001
# The file of heads. Without a volume here it would end with the container, and a rollback would go unnoticed.
VOLUME /var/lib/countersign
# Inside a container every interface is the container's own; what the host shows is decided where it is published.
ENV COUNTERSIGN_LISTEN=0.0.0.0:8440 COUNTERSIGN_DATA_DIR=/var/lib/countersign
EXPOSE 8440
# SIGTERM lets open requests finish; the program runs as process 1 and receives it.
ENTRYPOINT ["countersign"]
CMD ["serve"]
