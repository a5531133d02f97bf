import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, type DeploymentView, type EphemeralView, type Mail, type Problem, Refused } from './client.ts';
import { type ConfigRepository, REPOSITORY_URL } from './config-repository.ts';
import type { Progress } from './progress.ts';

const APPLICATION = 'my-app';
const DATABASE = 'module.web_service.terraform_data.database';
const STAFF = 'staff@example.com';
const CLIENT = 'client@example.com';
const ENVIRONMENTS = {
  dev1: { stage: 'development', accountId: '111111111111', region: 'eu-west-1' },
  stage1: { stage: 'staging', accountId: '222222222222', region: 'eu-west-1' },
  prod1: { stage: 'production', accountId: '333333333333', region: 'eu-west-1' },
} as const;
type EnvironmentName = keyof typeof ENVIRONMENTS;
const NAMES: EnvironmentName[] = ['dev1', 'stage1', 'prod1'];

const ENDED = new Set(['succeeded', 'rejected', 'expired', 'canceled', 'superseded', 'blocked', 'failed']);
/** The API is asked when something was written and what belongs to it may be there, or after this time. */
const PAUSE_MS = 20;
const LOOK_MS = 1000;
/** Far more than any step takes; a hang becomes an error that says where. */
const PATIENCE_MS = 180_000;

const PREVIEW = { name: 'pr-1', branch: 'feature/greeting' } as const;
/** Once it was shown, the environment of the branch lives this long. */
const PREVIEW_SECONDS = 10;

export interface DemoResult {
  readonly application: string;
  readonly environments: {
    name: string;
    release: number | null;
    commit: string | null;
    moduleVersions: Record<string, string>;
    outputs: Record<string, unknown>;
    status: string;
  }[];
  readonly deployments: {
    id: string;
    monthlyCostDelta: number | null;
    blastRadius: string | null;
    environment: string;
    release: number;
    status: string;
    planDigest: string | null;
    approvals: { gate: string; by: string }[];
  }[];
  readonly ephemeral: {
    name: string;
    branch: string;
    commit: string;
    url: unknown;
    status: string;
    resources: number | null;
  }[];
  readonly refusals: Problem[];
}

interface ScenarioProps {
  readonly client: Client;
  readonly repository: ConfigRepository;
  readonly progress: Progress;
  /** The one that is on this machine. */
  readonly engine: 'terraform' | 'opentofu';
  /** Resolves when something was written that the API answers from, at the latest after the time. */
  readonly nextWrite: (atLatestMs: number) => Promise<void>;
}

/** The main job, told by what people and tooling do: only HTTP, git and the links in e-mails. */
export class Scenario {
  readonly #client: Client;
  readonly #repository: ConfigRepository;
  readonly #progress: Progress;
  readonly #engine: ScenarioProps['engine'];
  readonly #nextWrite: ScenarioProps['nextWrite'];
  readonly #refusals: Problem[] = [];
  readonly #shown = new Map<string, string>();
  #preview: EphemeralView | undefined;

  constructor({ client, repository, progress, engine, nextWrite }: ScenarioProps) {
    this.#client = client;
    this.#repository = repository;
    this.#progress = progress;
    this.#engine = engine;
    this.#nextWrite = nextWrite;
  }

  /** What does not depend on each other goes on side by side, as it does in a team; each line says what it is about. */
  async run(): Promise<DemoResult> {
    await this.#register();
    await this.#firstPush();
    await this.#makeBranch();
    await Promise.all([this.#branchOfItsOwn(), this.#throughThePipeline()]);
    return this.#result();
  }

  async #throughThePipeline(): Promise<void> {
    await this.#firstRelease();
    await this.#releaseWithoutChanges();
    await Promise.all([this.#lastStepWithoutChanges(), this.#protectedDatabase()]);
    await Promise.all([this.#liftedProtection(), this.#failingRelease()]);
  }

  async #register(): Promise<void> {
    this.#progress.heading('Register the application, its environments and its approvers');
    await this.#client.request('PUT', `/applications/${APPLICATION}`, {
      client: 'acme',
      engine: this.#engine,
      configRepository: { url: REPOSITORY_URL, branch: 'main', provider: 'github-enterprise' },
      // Databases of AWS are protected by their kind; the example's stands for one and is protected by its address.
      safeguards: { protectedAddresses: [DATABASE] },
    });
    for (const name of NAMES) {
      await this.#client.request('PUT', `/applications/${APPLICATION}/environments/${name}`, ENVIRONMENTS[name]);
      const { stage, accountId, region } = ENVIRONMENTS[name];
      this.#progress.line(`environment ${name}: ${stage}, account ${accountId}, ${region}`);
    }
    await Promise.all([this.#approver(STAFF, 'staff'), this.#approver(CLIENT, 'client')]);
  }

  async #approver(email: string, gate: 'staff' | 'client'): Promise<void> {
    await this.#client.request('PUT', `/applications/${APPLICATION}/approvers/${email}`, { gates: [gate] });
    const mail = await this.#mail(
      (each) => each.to === email && /confirm/i.test(each.subject),
      `the confirmation mail to ${email}`,
    );
    await this.#client.open(firstLink(mail));
    this.#progress.line(`approver ${email} (${gate}) confirmed the e-mail subscription`);
  }

  async #firstPush(): Promise<void> {
    this.#progress.heading('A push becomes release 1, deploys itself to dev1 and promotes itself to stage1');
    await this.#repository.commit('Say hello', 'apps/my-app/README.md', '# my-app\n\nHello.\n');
    await this.#ends('dev1', 1, 'succeeded');
  }

  async #firstRelease(): Promise<void> {
    await this.#waits('stage1', 1, 'staff');

    this.#progress.heading('Production is refused while stage1 has not succeeded');
    await this.#refused('POST', `/applications/${APPLICATION}/promotions`, { to: 'prod1', release: 1 });

    this.#progress.heading('Staff opens the link of the e-mail and approves stage1');
    await this.#approveByMail(STAFF, 'stage1', 1, 'Looks right');
    await this.#ends('stage1', 1, 'succeeded');

    this.#progress.heading('Promotion to prod1 by API: staff, then the client');
    await this.#client.request('POST', `/applications/${APPLICATION}/promotions`, { to: 'prod1', release: 1 });
    await this.#waits('prod1', 1, 'staff');
    await this.#approveByMail(STAFF, 'prod1', 1, 'Same plan as in stage1');
    await this.#waits('prod1', 1, 'client');
    await this.#approveByMail(CLIENT, 'prod1', 1, 'Please go live');
    await this.#ends('prod1', 1, 'succeeded');
  }

  /** In the one working tree that all commits are made in: while nothing else is. */
  async #makeBranch(): Promise<void> {
    const content = '# my-app\n\nHello, you.\n';
    await this.#repository.branch(PREVIEW.branch, 'Greet by name', 'apps/my-app/README.md', content);
  }

  async #branchOfItsOwn(): Promise<void> {
    this.#progress.heading('Meanwhile a branch gets an environment of its own, based on dev1, outside of the pipeline');
    const { name, branch } = PREVIEW;
    const path = `/applications/${APPLICATION}/ephemeral-environments`;
    await this.#client.request('POST', path, { name, ref: branch, basedOn: 'dev1', ttlHours: 1 });
    this.#progress.line(`${name.padEnd(7)} asked for, from ${branch}`);
    this.#preview = await this.#previewIs('succeeded', ['failed', 'closed']);
    const { outputs, monthlyCost } = this.#preview;
    this.#progress.line(`${name.padEnd(7)} runs at http://${String(outputs[URL_OUTPUT]?.value)}`);
    if (monthlyCost)
      this.#progress.line(`${name.padEnd(7)} costs ${monthlyCost.amount} ${monthlyCost.currency} a month`);
    await this.#client.request('PATCH', `${path}/${name}`, { ttlHours: PREVIEW_SECONDS / 3600 });
    this.#progress.line(`${name.padEnd(7)} is to end in ${PREVIEW_SECONDS} seconds; everything else goes on meanwhile`);
    await this.#previewIs('closed', ['stuck']);
    const resources = await this.#client.resources(APPLICATION, name);
    if (resources !== 0) throw new Error(`${name} is closed with ${resources} resources in its state`);
    this.#progress.line(`${name.padEnd(7)} has expired: destroyed, resources in its Terraform state: ${resources}`);
  }

  /** Polls the environment of the branch, showing each status once, until it has the one wanted. */
  async #previewIs(wanted: string, others: readonly string[]): Promise<EphemeralView> {
    const { name } = PREVIEW;
    return this.#poll(`${name} being ${wanted}`, async () => {
      const view = await this.#client.ephemeral(APPLICATION, name);
      if (this.#shown.get(name) !== view.status) this.#progress.line(`${name.padEnd(7)} ${view.status}`);
      this.#shown.set(name, view.status);
      if (others.includes(view.status)) throw new Error(`${name} is ${view.status} instead of ${wanted}`);
      return view.status === wanted ? view : undefined;
    });
  }

  async #releaseWithoutChanges(): Promise<void> {
    this.#progress.heading('Release 2 changes no infrastructure: no gates, no apply');
    await this.#repository.commit('Describe the repository', 'NOTES.md', 'Nothing Terraform would act on.\n');
    await this.#ends('dev1', 2, 'succeeded');
    await this.#ends('stage1', 2, 'succeeded');
    await this.#client.request('POST', `/applications/${APPLICATION}/promotions`, { to: 'prod1' });
  }

  async #lastStepWithoutChanges(): Promise<void> {
    await this.#ends('prod1', 2, 'succeeded');
  }

  async #protectedDatabase(): Promise<void> {
    this.#progress.heading(
      'Release 3 would replace the production database: blocked, until staff lifts the protection',
    );
    const variables = 'apps/my-app/prod1/terraform.tfvars';
    await this.#repository.edit('Larger production database', variables, 'db.r8g.large', 'db.r8g.xlarge');
    await this.#ends('dev1', 3, 'succeeded');
    await this.#ends('stage1', 3, 'succeeded');
  }

  async #liftedProtection(): Promise<void> {
    await this.#client.request('POST', `/applications/${APPLICATION}/promotions`, { to: 'prod1', release: 3 });
    const blocked = await this.#ends('prod1', 3, 'blocked');
    const lift = { address: DATABASE, reason: 'agreed with the client; the data has been exported' };
    await this.#client.request('POST', `/applications/${APPLICATION}/environments/prod1/protection-lifts`, lift);
    this.#progress.line(`staff lifts the protection of ${DATABASE}, once`);
    await this.#client.request('POST', `/applications/${APPLICATION}/promotions`, { to: 'prod1', release: 3 });
    await this.#waits('prod1', 3, 'staff', blocked.id);
    await this.#approveByMail(STAFF, 'prod1', 3, 'Replaced on purpose');
    await this.#waits('prod1', 3, 'client', blocked.id);
    await this.#approveByMail(CLIENT, 'prod1', 3, 'Agreed');
    await this.#ends('prod1', 3, 'succeeded', blocked.id);
  }

  async #failingRelease(): Promise<void> {
    this.#progress.heading('Release 4 does not work: it fails in dev1, says where, and frees the environment');
    const broken = 'resource "terraform_data" "broken" {\n  input = var.does_not_exist\n}\n';
    await this.#repository.commit('Break dev1', 'apps/my-app/dev1/broken.tf', broken);
    await this.#ends('dev1', 4, 'failed');
    await this.#refused('POST', `/applications/${APPLICATION}/promotions`, { to: 'stage1', release: 4 });
  }

  /** Waits for the end of a release's newest deployment other than `before`; another ending is an error. */
  async #ends(environment: EnvironmentName, release: number, status: string, before?: string): Promise<DeploymentView> {
    const deployment = await this.#deployment(
      environment,
      release,
      (each) => each.id !== before && ENDED.has(each.status),
    );
    if (deployment.status !== status)
      throw new Error(`${deployment.id} ended ${deployment.status}: ${deployment.error?.message ?? 'no reason given'}`);
    return deployment;
  }

  async #waits(environment: EnvironmentName, release: number, gate: string, before?: string): Promise<void> {
    const isOpen = (each: DeploymentView) => each.gates.some((other) => other.gate === gate && other.status === 'open');
    const deployment = await this.#deployment(
      environment,
      release,
      (each) => each.id !== before && (isOpen(each) || ENDED.has(each.status)),
    );
    if (!isOpen(deployment))
      throw new Error(
        `${deployment.id} is ${deployment.status} instead of waiting: ${deployment.error?.message ?? ''}`,
      );
    this.#progress.line(
      `${environment.padEnd(7)} release ${release}  waits for the ${gate} gate${describePlan(deployment)}`,
    );
  }

  /** Polls one release's newest deployment, showing each status once, until the condition holds. */
  async #deployment(
    environment: EnvironmentName,
    release: number,
    isReached: (deployment: DeploymentView) => boolean,
  ): Promise<DeploymentView> {
    return this.#poll(`release ${release} in ${environment}`, async () => {
      const deployments = await this.#client.deployments(APPLICATION, environment);
      const deployment = deployments.find((each) => each.release === release);
      if (!deployment) return undefined;
      this.#show(deployment);
      return isReached(deployment) ? deployment : undefined;
    });
  }

  #show(deployment: DeploymentView): void {
    if (this.#shown.get(deployment.id) === deployment.status) return;
    this.#shown.set(deployment.id, deployment.status);
    const why = deployment.error ? `: ${deployment.error.message}` : '';
    this.#progress.line(
      `${deployment.environment.padEnd(7)} release ${deployment.release}  ${deployment.status}${describeChanges(deployment)}${why}`,
    );
  }

  async #approveByMail(email: string, environment: EnvironmentName, release: number, comment: string): Promise<void> {
    const isAsked = (each: Mail) =>
      each.to === email && each.subject.includes(environment) && each.subject.includes(`release ${release}`);
    const mail = await this.#mail(isAsked, `the approval mail for ${environment} to ${email}`);
    const link = firstLink(mail);
    const page = await this.#client.open(link);
    const typed = environment === 'prod1' ? { environment } : undefined;
    await this.#client.submit(link, page, { decision: 'approve', comment, ...typed });
    this.#progress.line(`${environment.padEnd(7)} release ${release}  approved by ${email} through the mailed link`);
  }

  async #mail(isWanted: (mail: Mail) => boolean, what: string): Promise<Mail> {
    return this.#poll(what, async () => (await this.#client.outbox()).findLast(isWanted));
  }

  async #poll<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const written = this.#nextWrite(LOOK_MS);
      const found = await look();
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_MS / 1000} s in vain for ${what}`);
      await written;
      await sleep(PAUSE_MS);
    }
  }

  async #refused(method: string, path: string, body: unknown): Promise<void> {
    try {
      await this.#client.request(method, path, body);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#refusals.push(error.problem);
      this.#progress.line(`refused with ${error.problem.status}: ${error.problem.detail}`);
      return;
    }
    throw new Error(`${method} ${path} was not refused`);
  }

  async #ephemeralResult(): Promise<DemoResult['ephemeral']> {
    const { name, branch } = PREVIEW;
    const [{ status }, resources] = await Promise.all([
      this.#client.ephemeral(APPLICATION, name),
      this.#client.resources(APPLICATION, name),
    ]);
    const { commit, outputs } = this.#preview ?? {};
    const url = outputs?.[URL_OUTPUT]?.value ?? null;
    return [{ name, branch, commit: commit ?? '', url, status, resources: resources ?? null }];
  }

  async #result(): Promise<DemoResult> {
    const environments = await Promise.all(NAMES.map((name) => this.#client.environment(APPLICATION, name)));
    const histories = await Promise.all(NAMES.map((name) => this.#client.deployments(APPLICATION, name)));
    const deployments = histories.flat();
    return {
      application: APPLICATION,
      environments: environments.map(({ name, deployed, outputs }) => ({
        name,
        release: deployed?.release ?? null,
        commit: deployed?.commit ?? null,
        moduleVersions: Object.fromEntries((deployed?.modules ?? []).map(({ call, version }) => [call, version])),
        outputs: Object.fromEntries(
          Object.entries(outputs).map(([key, { value, sensitive }]) => [key, sensitive ? '(sensitive)' : value]),
        ),
        status: deployments.find(({ id }) => id === deployed?.deploymentId)?.status ?? 'never deployed',
      })),
      deployments: deployments.map(({ id, environment, release, status, planDigest, gates, cost, blastRadius }) => ({
        ...{ id, environment, release, status, planDigest: planDigest ?? null },
        ...{ monthlyCostDelta: cost?.monthlyDelta ?? null, blastRadius: blastRadius?.level ?? null },
        approvals: gates.flatMap(({ gate, approvals }) => approvals.map(({ by }) => ({ gate, by }))),
      })),
      ephemeral: await this.#ephemeralResult(),
      refusals: this.#refusals,
    };
  }
}

/** The output that says where the application is found. */
const URL_OUTPUT = 'alb_dns_name';

function firstLink(mail: Mail): string {
  const [link] = mail.links;
  if (!link) throw new Error(`the mail "${mail.subject}" to ${mail.to} has no link`);
  return link;
}

function describeChanges({ changes, status }: DeploymentView): string {
  if (!changes || status !== 'succeeded') return '';
  if (changes === 'none') return ' (no changes)';
  const counts = WORDS.flatMap(([key, word]) => (changes[key] ? [`${changes[key]} ${word}`] : []));
  return counts.length > 0 ? ` (${counts.join(', ')})` : '';
}

const WORDS = [
  ['add', 'added'],
  ['change', 'changed'],
  ['destroy', 'destroyed'],
] as const;

/** What the plan means, in half a line. */
function describePlan({ cost, blastRadius }: DeploymentView): string {
  if (!cost || !blastRadius) return '';
  return ` (blast radius ${blastRadius.level}, cost ${cost.monthlyDelta >= 0 ? '+' : ''}${cost.monthlyDelta.toFixed(2)} ${cost.currency} a month)`;
}
