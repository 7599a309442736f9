# The server in a container: one process, one data directory on the volume /data. Needs BuildKit (cache mounts).
#
#   docker build -t starmark .
#   docker run --rm -v starmark:/data -e STARMARK_PASSPHRASE -v "$PWD/body.toml:/body.toml:ro" \
#       starmark init --data /data/starmark --host xb.example.cn --body /body.toml
#   docker run -d -v starmark:/data -e STARMARK_PASSPHRASE -p 8080:8080 --stop-timeout 30 starmark
#
# Exactly one container may use a volume at a time: the store has one writer, and a second one is refused.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin starmark \
    && install -D target/release/starmark /out/starmark

FROM debian:bookworm-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin starmark \
    && install -d -o starmark -g starmark -m 0750 /data
COPY --from=build /out/starmark /usr/local/lib/starmark/starmark
COPY --chmod=0755 scripts/in-container /usr/local/bin/starmark
COPY LICENSE /usr/local/share/doc/starmark/LICENSE
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# Needs no further program: bash speaks TCP.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r -t 4 answer <&3 && [[ $answer == *' 200 '* ]]"]
# The wrapper gives up root before anything else happens: a volume may come mounted as root's, and only root can hand it over.
# With `docker run --user 10001` it never has root.
ENTRYPOINT ["/usr/local/bin/starmark"]
CMD ["serve", "--data", "/data/starmark", "--listen", "0.0.0.0:8080"]
