import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import { sharedCloud } from './shared-cloud.ts';
import { CLIENT, STAFF, TestApplication, type TestCloud } from './test-cloud.ts';

/** The facts that are reported about plans and environments, from the synthesized template with its permissions. */
describe('facts about plans', () => {
  let cloud: TestCloud;
  beforeAll(async () => {
    cloud = await sharedCloud();
  });

  /** Without promotion to staging, which these tests do not need. */
  const ON_REQUEST = { policy: { development: { autoPromote: false } } };

  const CostSchema = z.object({ cost: z.object({ sheetDate: z.string() }) });
  const NoticesSchema = z.object({ notices: z.array(z.string()) });
  const HEADER = 'service,product_family,match_set,pricing_match_set,price,price_type,ccy';

  async function keepPriceSheet(csv: string): Promise<void> {
    const { endpoint, region } = cloud.local;
    const s3 = new S3Client({ endpoint, region, credentials: OPERATOR_CREDENTIALS });
    const Bucket = [...cloud.local.stack.resources.values()].find(({ type }) => type === 'AWS::S3::Bucket')?.ref;
    await s3.send(new PutObjectCommand({ Bucket, Key: 'prices/prices.csv', Body: csv }));
  }

  describe('the price sheet of an installation', () => {
    const application = () => new TestApplication(cloud, 'priced');
    const dev1 = '/applications/priced/environments/dev1';
    const deployed = async (release: number) => {
      await application().release(`v${release}`);
      const { id } = await application().reaches('dev1', release, 'succeeded');
      const { cost } = CostSchema.parse(await cloud.expect(200, 'GET', `${dev1}/deployments/${id}`));
      const { notices } = NoticesSchema.parse(await cloud.expect(200, 'GET', `${dev1}/deployments/${id}/plan`));
      const events = JSON.stringify(await cloud.expect(200, 'GET', `${dev1}/deployments/${id}/events`));
      return { sheetDate: cost.sheetDate, notices, events };
    };

    test('is the bundled one, then its own newer one; a broken one stops nothing and is named', async () => {
      await application().register(ON_REQUEST);
      const bundled = await deployed(1);
      expect(bundled).toMatchObject({ sheetDate: expect.stringMatching(/^20\d\d-\d\d-\d\d$/), notices: [] });

      await keepPriceSheet(`${HEADER}\nx,y,type=aws_instance,region=eu-west-1&as_of=2030-01-02,0.01,t,USD`);
      expect(await deployed(2)).toMatchObject({ sheetDate: '2030-01-02', notices: [] });

      await keepPriceSheet(`${HEADER}\nx,y,type=aws_instance,region=eu-west-1,cheap,t,USD`);
      const refused = await deployed(3);
      const notice = expect.stringContaining('reading price sheet prices/prices.csv: line 2, column 40 (price)');
      expect(refused).toMatchObject({ sheetDate: bundled.sheetDate, notices: [notice] });
      expect(refused.events).toContain('price-sheet-refused');
    });
  });

  test('an execution is linked where it is shown', async () => {
    const application = new TestApplication(cloud, 'linked');
    await application.register(ON_REQUEST);
    await application.release('v1');
    const { id } = await application.reaches('dev1', 1, 'succeeded');
    const body = await cloud.expect(200, 'GET', `/applications/linked/environments/dev1/deployments/${id}`);
    const { links } = z.object({ links: z.object({ execution: z.string() }) }).parse(body);
    expect(links.execution).toBe(`${cloud.url}/local/executions/stagegate-deployment/${id}`);
    const page = await fetch(links.execution);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining(id)]);
  });

  test('what staging has not tried out of production is told with the environments and where production is approved, beside the words of the commit', async () => {
    const application = new TestApplication(cloud, 'compared', ['stage1', 'prod1'], 'terraform');
    await application.register();
    const audit = 'variable "audit" {\n  default = true\n}\nresource "terraform_data" "log" {\n  count = 2\n}\n';
    const stated = { message: 'Harmless', author: 'Alice' };
    await application.release('v1', { 'apps/compared/prod1/audit.tf': audit }, stated);
    await application.provenRelease(1);
    await application.promote('prod1', 1);
    const link = await application.link(STAFF, 'prod1', 1);
    const page = await (await fetch(link)).text();
    expect(page).toContain('Compared with stage1');
    expect(page).toMatch(/Variables only in prod1: <code><bdi>audit<\/bdi><\/code>/);
    expect(page).toMatch(/Resources outside of modules only in prod1: <code><bdi>terraform_data\.log<\/bdi><\/code>/);
    expect(page).toMatch(/<dt>In stage1<\/dt><dd><bdi>Applied<\/bdi>/);
    const { body } = await cloud.mail(({ links }) => links.includes(link));
    expect(body).toContain('\n  In stage1     applied, ');
    expect(body).toContain('in the words of Stagegate test <test@example[.]com>:\n  | compared: v1\n');
    expect(body).toContain('says, naming Alice (not read from the commit):\n  | Harmless\n');
    expect(page).toMatch(/class="subject"><bdi>compared: v1<\/bdi>/);
    expect(await cloud.expect(200, 'GET', '/applications/compared/releases/1')).toMatchObject({
      message: 'compared: v1',
      author: 'Stagegate test <test@example.com>',
      wordsFrom: 'commit',
      stated,
    });
    await application.approve(STAFF, 'prod1', 1);
    await application.approve(CLIENT, 'prod1', 1);
    await application.reaches('prod1', 1, 'succeeded');
    for (const name of ['stage1', 'prod1'])
      expect(await cloud.expect(200, 'GET', `/applications/compared/environments/${name}`)).toMatchObject({
        parity: {
          staging: 'stage1',
          production: 'prod1',
          same: false,
          variables: { onlyInProduction: ['audit'] },
          resources: { onlyInStage: [], onlyInProduction: ['terraform_data.log'] },
        },
      });
  });
});
