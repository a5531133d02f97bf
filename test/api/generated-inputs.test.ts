import { beforeAll, describe, expect, test } from '@jest/globals';
import { ROUTES } from '../../lambdas/api/routes.ts';
import { type AskedWorld, askedWorld } from './inputs/asked-world.ts';
import { type DescribedRoute, describedApi } from './inputs/described-api.ts';
import { type Driven, drive } from './inputs/drive.ts';
import { describeDriven } from './inputs/table.ts';

/** `npm run test:inputs -- --count 1000` asks more, and prints the table. */
const COUNT = 100;
const SEED = 20261201;

const JSON_ROUTES = Object.entries(ROUTES).flatMap(([key, { role }]) =>
  role === 'build' || key.includes('/approvals/') ? [] : [key],
);

describe('generated inputs', () => {
  let world: AskedWorld;
  let routes: DescribedRoute[];
  const driven: Driven[] = [];
  beforeAll(async () => {
    world = await askedWorld();
    routes = await describedApi();
  });

  test.each(JSON_ROUTES)('%s answers as it says, and a refusal changes nothing', async (key) => {
    const route = routes.find((each) => each.key === key);
    if (!route) throw new Error(`${key} is not described`);
    const result = await drive(route, world, { count: COUNT, seed: SEED });
    driven.push(result);
    expect(result.findings).toEqual([]);
  });

  test('reach the operations: each accepts some, if anything can be accepted', () => {
    const never = driven.filter(({ statuses }) => ![...statuses.keys()].some((status) => status < 300));
    expect(never.map(({ route }) => route)).toEqual([]);
    expect(describeDriven(driven)).toContain(`| **all** | ${JSON_ROUTES.length * COUNT} |`);
  });
});
