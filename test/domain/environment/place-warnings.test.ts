import { describe, expect, test } from '@jest/globals';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { placeWarnings } from '../../../lambdas/domain/environment/place-warnings.ts';
import { RegionSchema, StoredRegionSchema } from '../../../lambdas/domain/names.ts';
import { environmentBody, PipelineWorld } from '../../api/pipeline-world.ts';

const accountId = '222222222222';

describe('the place of an environment', () => {
  test.each(RegionInfo.regions.map(({ name }) => name))(
    '%s, which the CDK knows, is taken without a warning',
    (region) => {
      expect(RegionSchema.safeParse(region).success).toBe(true);
      expect(placeWarnings({ accountId, region })).toEqual([]);
    },
  );

  test.each(['eu-west-9', 'us-gov-central-1', 'us-isog-east-1', 'cn-south-1', 'eusc-de-west-2'])(
    '%s has the form of a region, and is taken with a warning',
    (region) => {
      expect(RegionSchema.safeParse(region).success).toBe(true);
      expect(StoredRegionSchema.safeParse(region).success).toBe(true);
      expect(placeWarnings({ accountId, region })).toEqual([
        `region: this version does not know "${region}"; check it, because plans and roles are of this region`,
      ]);
    },
  );

  test.each([
    '',
    'eu',
    'eu-west',
    'eu-west-0',
    'eu-west-10',
    'eu-west-1a',
    'EU-WEST-1',
    'eu_west_1',
    'eu-middle-1',
    'europe-west1',
    'global',
  ])('"%s" is no region', (region) => expect(RegionSchema.safeParse(region).success).toBe(false));

  test('the API stores an unknown region of a known form, and says so in every answer', async () => {
    const world = await PipelineWorld.create();
    const path = '/applications/my-app/environments/stage1';
    expect((await world.get(path)).body.warnings).toEqual([]);
    const body = { ...environmentBody('stage1'), region: 'eu-west-9' };
    const put = await world.put(path, body);
    expect(put).toMatchObject({ status: 200, body: { region: 'eu-west-9' } });
    expect(put.body.warnings).toHaveLength(1);
    expect((await world.get(path)).body.warnings).toEqual(put.body.warnings);
    expect((await world.put(path, environmentBody('stage1'))).body.warnings).toEqual([]);
    const stored = await world.store.get('environment', { application: 'my-app', name: 'stage1' });
    expect(stored).not.toHaveProperty('warnings');
  });

  test.each([
    [{ accountId: '12345678901' }, 'accountId', '"12345678901"'],
    [{ accountId: 222222222222 }, 'accountId', '222222222222'],
    [{ accountId: '2222-2222-2222' }, 'accountId', '"2222-2222-2222"'],
    [{ accountId: '' }, 'accountId', '""'],
    [{ region: 'europe-west1' }, 'region', '"europe-west1"'],
  ])('%j is refused', async (wrong, field, value) => {
    const world = await PipelineWorld.create();
    const path = '/applications/my-app/environments/stage1';
    const before = (await world.get(path)).body;
    const { status, body } = await world.put(path, { ...environmentBody('stage1'), ...wrong });
    expect({ status, errors: body.errors }).toEqual({
      status: 400,
      errors: [{ field, value, message: expect.any(String) }],
    });
    expect((await world.get(path)).body).toEqual(before);
  });

  test('an account id that AWS gives to nobody is taken for the sake of emulators, with a warning', () => {
    expect(placeWarnings({ accountId: '000000000000', region: 'eu-west-1' })).toEqual([
      'accountId: no account of AWS has the id 000000000000; only emulators do',
    ]);
  });
});
