import * as z from 'zod';
import type { Entry } from '../e2e/git-repository.ts';
import type { TestCloud } from '../e2e/test-cloud.ts';

const DeploymentSchema = z.looseObject({
  id: z.string(),
  release: z.number().nullish(),
  commit: z.string(),
  operation: z.string(),
  status: z.string(),
  changes: z.union([z.literal('none'), z.record(z.string(), z.number())]).nullish(),
  error: z.object({ reason: z.string(), message: z.string() }).nullish(),
});
export type CaseDeployment = z.infer<typeof DeploymentSchema>;
const PageSchema = z.object({ items: z.array(DeploymentSchema) });
const EphemeralSchema = z.looseObject({ status: z.string(), commit: z.string().nullable() });

const ENDED: readonly string[] = ['succeeded', 'blocked', 'failed', 'canceled', 'superseded'];
const ACCOUNTS: Readonly<Record<string, string>> = { dev1: '111111111111', stage1: '222222222222' };
export const STATE_BUCKET = 'stagegate-state-111111111111-eu-west-1';

/**
 * The application of one case, with a branch of its own whose history has nothing in common with other branches: the
 * cases share a cloud and a repository. Commits are released by request, unless the case is about pushes: then the
 * application deploys from its branch.
 */
export class CaseApplication {
  readonly name: string;
  readonly #cloud: TestCloud;

  private constructor(cloud: TestCloud, name: string) {
    this.#cloud = cloud;
    this.name = name;
  }

  static async register(
    cloud: TestCloud,
    name: string,
    { isPushed = false, settings = {} }: { readonly isPushed?: boolean; readonly settings?: object } = {},
  ): Promise<CaseApplication> {
    const app = new CaseApplication(cloud, name);
    await cloud.expect(201, 'PUT', app.path, {
      client: 'acme',
      configRepository: {
        url: 'https://git.example.com/config.git',
        branch: isPushed ? app.branch : 'main',
        provider: 'github-enterprise',
      },
      engine: 'terraform',
      pipeline: ['dev1'],
      ...settings,
    });
    await app.configure();
    return app;
  }

  get path(): string {
    return `/applications/${this.name}`;
  }

  get branch(): string {
    return `cases/${this.name}`;
  }

  /** Registers dev1, or changes its settings. */
  async configure(settings: object = {}): Promise<void> {
    const { status, body } = await this.#cloud.call('PUT', `${this.path}/environments/dev1`, {
      stage: 'development',
      accountId: ACCOUNTS.dev1,
      region: 'eu-west-1',
      ...settings,
    });
    if (status >= 300) throw new Error(`configuring dev1 of ${this.name}: ${status} ${JSON.stringify(body)}`);
  }

  /** Commits files of a case, whose applications are called `web` or `fn` there. Other branches are made from it. */
  commit(files: Readonly<Record<string, Entry>>, branch = this.branch): string {
    const named = Object.entries(files).map(([path, entry]) => [
      path.replace(/^apps\/(?:web|fn)\//, `apps/${this.name}/`),
      entry,
    ]);
    if (branch !== this.branch) this.#cloud.repository.git('branch', '--quiet', '--force', branch, this.branch);
    return this.#cloud.repository.commitApart(branch, `${this.name}: a commit`, Object.fromEntries(named));
  }

  /** Asks for a release of a commit and waits for the end of its deployment to dev1. */
  async release(commit: string): Promise<CaseDeployment> {
    const body = await this.#cloud.expect(201, 'POST', `${this.path}/releases`, { commit });
    const { number } = z.object({ number: z.number() }).parse(body);
    return this.until('dev1', (each) => each.release === number && ENDED.includes(each.status));
  }

  /** Commits files and releases them. */
  deploy(files: Readonly<Record<string, Entry>>): Promise<CaseDeployment> {
    return this.release(this.commit(files));
  }

  /** Waits until a commit that was pushed has succeeded in dev1. */
  async succeeds(commit: string): Promise<CaseDeployment> {
    const deployment = await this.until(
      'dev1',
      (each) => each.commit === commit && ENDED.includes(each.status) && each.status !== 'superseded',
    );
    if (deployment.status !== 'succeeded')
      throw new Error(`${deployment.id} is ${deployment.status}: ${JSON.stringify(deployment.error)}`);
    return deployment;
  }

  async until(environment: string, isWanted: (each: CaseDeployment) => boolean): Promise<CaseDeployment> {
    const path = `${this.path}/environments/${environment}/deployments`;
    const list = async () => PageSchema.parse(await this.#cloud.expect(200, 'GET', path)).items;
    return this.#cloud.poll(
      async () => `a deployment of ${this.name} in ${environment}: ${JSON.stringify(await list())}`,
      async () => (await list()).find(isWanted),
      { about: this.name },
    );
  }

  /** Everything that people can read about a deployment to dev1: answers, mails and logs. */
  async told(id: string): Promise<string> {
    const path = `${this.path}/environments/dev1/deployments/${id}`;
    const answers = await Promise.all(
      [path, `${path}/plan`, `${path}/events`].map((each) => this.#cloud.call('GET', each)),
    );
    const { logs } = this.#cloud.local;
    return JSON.stringify([answers, await this.#cloud.mails(), logs.groups().map((group) => logs.read(group))]);
  }

  /** Waits until no deployment holds dev1, which is shortly after the end of the last one. */
  async free(): Promise<void> {
    const FreeSchema = z.object({ current: z.unknown().nullable() });
    await this.#cloud.poll(
      `dev1 of ${this.name} to be free`,
      async () => {
        const answer = await this.#cloud.expect(200, 'GET', `${this.path}/environments/dev1`);
        return FreeSchema.parse(answer).current === null ? true : undefined;
      },
      { about: this.name },
    );
  }

  async makePreview(name: string, ref: string): Promise<void> {
    await this.#cloud.expect(202, 'POST', `${this.path}/ephemeral-environments`, { name, ref });
  }

  async previewReaches(name: string, statuses: readonly string[]): Promise<z.infer<typeof EphemeralSchema>> {
    const path = `${this.path}/ephemeral-environments/${name}`;
    const look = async () => EphemeralSchema.parse(await this.#cloud.expect(200, 'GET', path));
    return this.#cloud.poll(
      async () => `${name} of ${this.name} to be ${statuses.join(' or ')}: ${JSON.stringify(await look())}`,
      async () => {
        const now = await look();
        return statuses.includes(now.status) ? now : undefined;
      },
      { about: this.name },
    );
  }

  /** Number of resources in the newest state with this key; undefined if there never was a state. */
  async resourcesIn(key: string, bucket = STATE_BUCKET): Promise<number | undefined> {
    const { store } = this.#cloud.local.s3;
    const [current] = store.versionsOf(bucket, key);
    if (!current) return undefined;
    const StateSchema = z.object({ resources: z.array(z.unknown()) });
    return StateSchema.parse(JSON.parse((await store.read(current)).toString('utf8'))).resources.length;
  }
}
