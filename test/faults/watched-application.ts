import { createHash, randomUUID } from 'node:crypto';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import * as z from 'zod';
import type { Execution } from '../../local/asl/execution.ts';
import { verifyAudit } from '../../scripts/verify-audit.ts';
import type { FaultCloud } from './fault-cloud.ts';
import { callPatiently, waitFor } from './patient-client.ts';

/** The pipeline with the gates of each environment. */
export const PIPELINE = {
  dev1: { stage: 'development', accountId: '111111111111', gates: [] },
  stage1: { stage: 'staging', accountId: '222222222222', gates: ['staff'] },
  prod1: { stage: 'production', accountId: '333333333333', gates: ['staff', 'client'] },
} as const;
export type EnvironmentName = keyof typeof PIPELINE;
export type Gate = 'staff' | 'client';
export const ENVIRONMENTS = ['dev1', 'stage1', 'prod1'] as const satisfies readonly EnvironmentName[];

const DeploymentSchema = z.object({
  id: z.string(),
  status: z.string(),
  gates: z.array(z.object({ gate: z.string(), approvals: z.array(z.unknown()) })),
  error: z.object({ reason: z.string(), message: z.string() }).nullish(),
});
export type DeploymentSeen = z.infer<typeof DeploymentSchema>;
const EnvironmentSchema = z.object({
  deployed: z.object({ release: z.number() }).nullable(),
  current: z.object({ id: z.string() }).nullable(),
  queued: z.object({ id: z.string() }).nullable(),
});

/**
 * An application that is registered, deployed and approved by people and tooling who try again what fails. It has a
 * repository of its own, so that its pushes concern no other application.
 */
export class WatchedApplication {
  readonly name: string;
  readonly #cloud: FaultCloud;
  readonly #taken = new Set<string>();
  readonly #eventId = randomUUID();
  readonly #pushedAt = new Date().toISOString();

  constructor(cloud: FaultCloud, name: string) {
    this.#cloud = cloud;
    this.name = name;
  }

  get #path(): string {
    return `/applications/${this.name}`;
  }

  get #repository(): string {
    return `https://git.example.com/${this.name}.git`;
  }

  /** Calls the API. Throws an error for an answer of 400 and above. */
  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await callPatiently(`${this.#cloud.cloud.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-local-principal': 'admin@local' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async register(): Promise<void> {
    await this.#call('PUT', this.#path, {
      client: 'acme',
      configRepository: { url: this.#repository, branch: 'main', provider: 'github-enterprise' },
      engine: 'opentofu',
    });
    for (const name of ENVIRONMENTS) {
      const { stage, accountId } = PIPELINE[name];
      await this.#call('PUT', `${this.#path}/environments/${name}`, { stage, accountId, region: 'eu-west-1' });
    }
    await this.#approver('staff');
    await this.#approver('client');
  }

  #emailOf(gate: Gate): string {
    return `${gate}@${this.name}.example.com`;
  }

  async #approver(gate: Gate): Promise<void> {
    const email = this.#emailOf(gate);
    await this.#call('PUT', `${this.#path}/approvers/${email}`, { gates: [gate] });
    const link = await waitFor(
      () => `the confirmation mail to ${email}`,
      () => this.#link(email, (subject) => /confirm/i.test(subject)),
    );
    await callPatiently(link);
  }

  /** Returns the first link of the newest mail that is wanted. */
  #link(to: string, isWanted: (subject: string) => boolean): string | undefined {
    return this.#cloud.cloud.local.sns.mails().findLast((mail) => mail.to === to && isWanted(mail.subject))?.links[0];
  }

  /** Reports a push that changes every environment. A second report is about the same push. */
  async push(): Promise<void> {
    const detail = {
      eventId: this.#eventId,
      repository: this.#repository,
      branch: 'main',
      after: createHash('sha1').update(this.name).digest('hex'),
      pushedAt: this.#pushedAt,
      changedPaths: ENVIRONMENTS.map((name) => `apps/${this.name}/${name}/main.tf`),
    };
    const entry = {
      EventBusName: 'stagegate',
      Source: 'other-tooling',
      DetailType: 'ConfigPushed',
      Detail: JSON.stringify(detail),
    };
    await this.#cloud.cloud.operator.events.send(new PutEventsCommand({ Entries: [entry] }));
  }

  async promote(to: EnvironmentName): Promise<void> {
    await this.#call('POST', `${this.#path}/promotions`, { to, release: 1 });
  }

  async deploy(environment: EnvironmentName): Promise<void> {
    await this.#call('POST', `${this.#path}/environments/${environment}/deployments`, { release: 1 });
  }

  /** Returns the executions of an environment's deployments, oldest first. Costs no call. */
  executions(environment: EnvironmentName): readonly Execution[] {
    return this.#cloud.executionsOf(`${this.name}-${environment}-`);
  }

  /** Returns whether a queue for dead letters has an event about this application. */
  hasDeadLetter(): boolean {
    return this.#cloud.cloud.local.sqs
      .queues()
      .some(({ messages }) => messages.some((message) => JSON.stringify(message).includes(this.name)));
  }

  /** Returns the deployments, newest first. */
  async deployments(environment: EnvironmentName): Promise<DeploymentSeen[]> {
    const answer = await this.#call('GET', `${this.#path}/environments/${environment}/deployments`);
    return z.object({ items: z.array(DeploymentSchema) }).parse(answer).items;
  }

  async environment(name: EnvironmentName): Promise<z.infer<typeof EnvironmentSchema>> {
    return EnvironmentSchema.parse(await this.#call('GET', `${this.#path}/environments/${name}`));
  }

  /** Takes the newest mailed link to a gate, if nobody has taken it yet. Costs no call. */
  takeLink(gate: Gate, environment: EnvironmentName): string | undefined {
    const wanted = `Approve ${this.name} ${environment}: deploy of release 1`;
    const link = this.#link(this.#emailOf(gate), (subject) => subject === wanted);
    if (link === undefined || this.#taken.has(link)) return undefined;
    this.#taken.add(link);
    return link;
  }

  /** Returns whether the nth execution waits for the decision at a gate. */
  async isWaiting(nth: number, gate: Gate, environment: EnvironmentName): Promise<boolean> {
    const id = this.executions(environment)[nth - 1]?.name;
    return id !== undefined && (await this.#cloud.cloud.storedToken(id, gate)) !== undefined;
  }

  /** Opens a mailed link and approves. A refusal is no error: the deployment may have ended meanwhile. */
  async approve(link: string, environment: EnvironmentName): Promise<void> {
    const page = String((await callPatiently(link)).body);
    const hidden = [...page.matchAll(/<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"/g)].map(
      ([, name = '', value = '']): [string, string] => [name, value],
    );
    const fields = { decision: 'approve', comment: 'fine', environment };
    const form = new URLSearchParams([...hidden, ...Object.entries(fields)]);
    await callPatiently(link, { method: 'POST', body: form });
  }

  /** Returns the digest of every plan that an engine applied, in order. */
  applied(environment: EnvironmentName): string[] {
    return this.#cloud.builds.applied
      .filter(({ deploymentId }) => deploymentId.startsWith(`${this.name}-${environment}-`))
      .map(({ digest }) => digest);
  }

  /** Returns whether every link of the audit holds. */
  async isAuditWhole(): Promise<boolean> {
    const said: string[] = [];
    const say = (text: string) => void said.push(text);
    const args = ['--url', this.#cloud.cloud.url, '--application', this.name];
    const code = await verifyAudit({ args, directory: '.', print: say, complain: say });
    if (code > 1) throw new Error(`verifying the audit of ${this.name}: ${said.join('')}`);
    return code === 0;
  }
}
