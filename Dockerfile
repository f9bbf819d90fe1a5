# The bus in a container: docs/guide/container.md

FROM node:22-bookworm-slim AS build
WORKDIR /bus-mcp
COPY package.json package-lock.json ./
# Nothing needs its install script: what is native comes as binaries.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:22-bookworm-slim
WORKDIR /bus-mcp
COPY --from=build /bus-mcp/package.json ./
COPY --from=build /bus-mcp/node_modules node_modules
COPY --from=build /bus-mcp/dist dist
# A new volume belongs to whom the folder belongs to.
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
# Reached from outside of the container, so it starts only with BUS_WRITE_SECRET; the image brings none.
ENV NODE_ENV=production BUS_HOST=0.0.0.0 BUS_PORT=8100 BUS_DATABASE_URL=sqlite:/data/bus.db
EXPOSE 8100
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.BUS_PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
