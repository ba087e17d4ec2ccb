# The server: daemon, console, certificate authorities, and no other file. `docker build -t sallyport .`

FROM docker.io/library/rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
RUN packaging/container/root /image

FROM scratch
COPY --from=build /image/root /
COPY --from=build --chown=65532:65532 /image/own/var /var
# Nobody's uid. It owns sessions and socket, so `docker exec … sallyport` acts as an operator.
USER 65532:65532
WORKDIR /etc/sallyport
ENV PATH=/usr/bin \
    LANG=C.UTF-8 \
    SALLYPORT_HOST=0.0.0.0 \
    SALLYPORT_STATE_DIR=/var/lib/sallyport \
    SALLYPORT_RUNTIME_DIR=/var/run/sallyport \
    CLAUDE_CODE_INSTALL_ARTIFACTS_DIR=/var/lib/sallyport/install_artifacts
EXPOSE 8001 8002 8080
VOLUME /var/lib/sallyport
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/usr/bin/sallyportd", "healthcheck"]
ENTRYPOINT ["/usr/bin/sallyportd"]
CMD ["run"]
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Sallyport" \
      org.opencontainers.image.description="Auth server, LLM gateway and install server for Claude Code" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
