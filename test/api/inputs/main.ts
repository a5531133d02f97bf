import { parseArgs } from 'node:util';
import { askedWorld } from './asked-world.ts';
import { describedApi } from './described-api.ts';
import { type Driven, drive } from './drive.ts';
import { describeDriven } from './table.ts';

/** `npm run test:inputs -- [--count N] [--seed N] [--only TEXT]`: asks every route with generated inputs, prints the table. */
const { values } = parseArgs({
  options: { count: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const numberOf = (option: 'count' | 'seed', usual: number): number => {
  const number = Number(values[option] ?? usual);
  if (Number.isInteger(number) && number > 0) return number;
  console.error(`--${option}: a whole number above 0 (got ${JSON.stringify(values[option])})`);
  process.exit(2);
};
const asked = { count: numberOf('count', 500), seed: numberOf('seed', 20261201) };

const world = await askedWorld();
const driven: Driven[] = [];
for (const route of await describedApi()) {
  if (!route.key.includes(values.only ?? '')) continue;
  process.stderr.write(`${route.key}\n`);
  driven.push(await drive(route, world, asked));
}
console.log(describeDriven(driven));
const findings = driven.flatMap((each) => each.findings);
if (findings.length > 0) {
  console.error(findings.join('\n'));
  process.exitCode = 1;
}
