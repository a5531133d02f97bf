import * as z from 'zod';
import { PRINCIPAL_HEADER } from '../services/api-gateway/payload.ts';

/** The fields of the API's answers that the demo reads; all others are ignored. */
export const DeploymentView = z.object({
  id: z.string(),
  environment: z.string(),
  release: z.number(),
  commit: z.string(),
  status: z.string(),
  /** Absent until the deployment has ended. */
  endedAt: z.string().optional(),
  /** Present while the plan waits because applies are banned. */
  appliesBannedSince: z.string().optional(),
  planDigest: z.string().nullish(),
  changes: z.union([z.literal('none'), z.record(z.string(), z.number())]).nullish(),
  passedThrough: z.boolean(),
  gates: z.array(
    z.object({
      gate: z.string(),
      status: z.string(),
      required: z.number(),
      approvals: z.array(z.object({ by: z.string(), via: z.string() })),
    }),
  ),
  cost: z.object({ monthlyDelta: z.number(), currency: z.string() }).nullish(),
  blastRadius: z.object({ level: z.string() }).nullish(),
  proof: z
    .object({ unproven: z.array(z.object({ call: z.string().optional(), subject: z.string().nullable() })) })
    .nullish(),
  error: z.object({ reason: z.string(), message: z.string() }).nullish(),
});
export type DeploymentView = z.infer<typeof DeploymentView>;

export const EnvironmentView = z.object({
  name: z.string(),
  status: z.string(),
  deployed: z
    .object({
      release: z.number(),
      commit: z.string(),
      deploymentId: z.string(),
      modules: z.array(z.object({ call: z.string(), source: z.string(), version: z.string() })),
    })
    .nullable(),
  outputs: z.record(z.string(), z.object({ value: z.json(), sensitive: z.boolean() })),
});
export type EnvironmentView = z.infer<typeof EnvironmentView>;

export const EphemeralView = z.object({
  name: z.string(),
  status: z.string(),
  commit: z.string().nullable(),
  expiresAt: z.string(),
  monthlyCost: z.object({ amount: z.number(), currency: z.string() }).nullable(),
  outputs: EnvironmentView.shape.outputs,
});
export type EphemeralView = z.infer<typeof EphemeralView>;

export const Mail = z.object({
  to: z.string(),
  subject: z.string(),
  body: z.string(),
  links: z.array(z.string()),
  sentAt: z.string(),
});
export type Mail = z.infer<typeof Mail>;

const Problem = z.object({ type: z.string(), status: z.number(), detail: z.string() });
export type Problem = z.infer<typeof Problem>;

/** Thrown when the API refuses a request; `problem` is the problem document of the answer. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(`${problem.status} ${problem.type}: ${problem.detail}`);
    this.problem = problem;
  }
}

/** Calls the REST API over HTTP, as tooling does. */
export class Client {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async request(method: string, path: string, body?: unknown, principal = 'admin@local'): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', [PRINCIPAL_HEADER]: principal },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer: unknown = text === '' ? undefined : JSON.parse(text);
    if (response.ok) return answer;
    throw new Refused(Problem.parse(answer));
  }

  async deployments(application: string, environment: string): Promise<DeploymentView[]> {
    const answer = await this.request('GET', `/applications/${application}/environments/${environment}/deployments`);
    return z.object({ items: z.array(DeploymentView) }).parse(answer).items;
  }

  async environment(application: string, environment: string): Promise<EnvironmentView> {
    return EnvironmentView.parse(await this.request('GET', `/applications/${application}/environments/${environment}`));
  }

  async ephemeral(application: string, name: string): Promise<EphemeralView> {
    const path = `/applications/${application}/ephemeral-environments/${name}`;
    return EphemeralView.parse(await this.request('GET', path));
  }

  /** Returns the number of managed resources in an environment's Terraform state, as the last build saw it. */
  async resources(application: string, environment: string): Promise<number | undefined> {
    const answer = await this.request('GET', `/applications/${application}/environments/${environment}`);
    return z.object({ resources: z.object({ count: z.number() }).nullable() }).parse(answer).resources?.count;
  }

  async outbox(): Promise<Mail[]> {
    return z.array(Mail).parse(await this.request('GET', '/local/outbox.json'));
  }

  /** Reads a page that a mail links to, as a person's browser does. */
  async open(link: string): Promise<string> {
    const response = await fetch(link);
    if (!response.ok) throw new Error(`opening a mailed link: ${response.status} ${await response.text()}`);
    return response.text();
  }

  /** Sends the only form of a page: its hidden fields and the given `fields`. */
  async submit(link: string, page: string, fields: Readonly<Record<string, string>>): Promise<string> {
    const form = new URLSearchParams();
    for (const [, name = '', value = ''] of page.matchAll(
      /<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"/g,
    ))
      form.set(name, value);
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    const response = await fetch(link, { method: 'POST', body: form });
    const text = await response.text();
    if (!response.ok) throw new Error(`posting a decision: ${response.status} ${text}`);
    return text;
  }
}
