// Reads a server with npm's oscquery and prints what it understood: node oscquery_npm.cjs PORT
const { DiscoveredService } = require("oscquery/dist/lib/osc_query_discovery");

async function main() {
  const service = new DiscoveredService("127.0.0.1", Number(process.argv[2]));
  await service.update();
  process.stdout.write(JSON.stringify({ hostInfo: service.hostInfo, methods: service.flat() }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
