# Two stages: the first installs and builds, the second holds what runs.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc tsconfig.json ./
COPY scripts/ensure.mjs scripts/bundle.mjs scripts/
COPY src/ src/
RUN node scripts/ensure.mjs build && npm prune --omit=dev --ignore-scripts

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production \
    DUCKHOUSE_HOST=0.0.0.0 \
    DUCKHOUSE_LOG_FORMAT=json
COPY --from=build /build/package.json /opt/duckhouse/package.json
COPY --from=build /build/node_modules/ /opt/duckhouse/node_modules/
COPY --from=build /build/dist/ /opt/duckhouse/dist/
RUN ln -s /opt/duckhouse/dist/bin/duckhouse.js /usr/local/bin/duckhouse && install -d -o 1000 -g 1000 /workspace
USER 1000:1000
WORKDIR /workspace
EXPOSE 8815 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "/opt/duckhouse/dist/bin/duckhouse.js", "health"]
ENTRYPOINT ["node", "/opt/duckhouse/dist/bin/duckhouse.js"]
CMD ["serve"]
