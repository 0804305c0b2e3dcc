// Starts the peer: `node src/main.js [watch|script|shared] [--reset]`.

import { env, argv, exit } from 'node:process';

import { readConfig } from './config.js';
import { createCsrf } from './csrf.js';
import { createPurchase } from './purchase/index.js';
import { connect } from './redis/connect.js';
import { openSale } from './sale.js';
import { buildServer } from './server.js';
import { createStatus } from './status.js';

const config = readConfig(argv.slice(2), env);
// The connection says itself why there is none.
const redis = await connect(config.redisUrl, { enableAutoPipelining: true }).catch(() => exit(1));
const sale = await openSale(redis, config);
const purchase = await createPurchase(config, redis, sale);

const server = buildServer({
  redis,
  sale,
  csrf: await createCsrf(redis, sale.keys.csrf),
  status: createStatus(redis, sale),
  purchase,
});
const address = await server.listen({ host: config.host, port: config.port });
if (config.strategy === 'shared') {
  console.error('BROKEN ON PURPOSE: "shared" sells too many units. It is a negative control only.');
}
console.error(`The peer sells ${sale.id} by "${config.strategy}" on ${address}`);

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await server.close();
    purchase.close();
    redis.disconnect();
    exit(0);
  });
}
