import { deepStrictEqual } from 'node:assert';
import { APPROVERS, CONFIGURE, DECIDE, DEPLOY, EPHEMERAL, OPEN, READ, WEBHOOK } from '../../lambdas/api/operations.ts';
import { ROUTES, UNKNOWN_ROUTE } from '../../lambdas/api/routes.ts';
import type { Store } from '../../lambdas/domain/ports.ts';
import { apiHandler } from '../../lambdas/runtime/api-handler.ts';
import type { HttpAnswer } from '../../lambdas/runtime/http-event.ts';
import { FakeBuilds } from '../fakes/fake-builds.ts';
import { FakeLinkSigner } from '../fakes/fake-link-signer.ts';
import { FakeStateReader } from '../fakes/fake-state-reader.ts';
import { FakeSurroundings } from '../fakes/fake-surroundings.ts';
import { FakeWebhookSecrets } from '../fakes/fake-webhook-secrets.ts';
import { FakeWorkflow } from '../fakes/fake-workflow.ts';
import { InMemoryApproverMail } from '../fakes/in-memory-approver-mail.ts';
import { InMemoryArtifactStore } from '../fakes/in-memory-artifact-store.ts';
import { InMemoryEventBus } from '../fakes/in-memory-event-bus.ts';
import { InMemoryScheduler } from '../fakes/in-memory-scheduler.ts';
import { InMemoryStore } from '../fakes/in-memory-store.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { requireDeclared } from '../harness/answered-problems.ts';
import { httpEvent, LAMBDA_CONTEXT, routeOf } from '../harness/http-event.ts';

// Lambda tells a function its name. The name of the metrics begins with it.
process.env.AWS_LAMBDA_FUNCTION_NAME ??= LAMBDA_CONTEXT.functionName;

export const ADMIN = 'arn:aws:sts::999999999999:assumed-role/Admins/ada';

export const PUBLIC_URL = 'https://api.example.com';

export interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  // Tests read answers like clients, without a schema.
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests assert
  readonly body: any;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

interface Given {
  readonly body?: unknown;
  readonly query?: Record<string, string>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly caller?: string;
  readonly isBase64Encoded?: boolean;
}

/** The role of each route; undefined for an unknown one. */
const ROLES = new Map<string, string>(Object.entries(ROUTES).map(([key, { role }]) => [key, role]));

/** The whole API in memory: the real handlers behind the route table, and fakes behind the ports. */
export class TestApi {
  readonly store = new InMemoryStore();
  readonly mail = new InMemoryApproverMail();
  readonly workflow = new FakeWorkflow();
  readonly events = new InMemoryEventBus();
  readonly artifacts = new InMemoryArtifactStore();
  readonly links = new FakeLinkSigner();
  readonly builds = new FakeBuilds();
  readonly webhookSecrets = new FakeWebhookSecrets();
  readonly scheduler = new InMemoryScheduler();
  readonly states = new FakeStateReader();
  readonly surroundings = new FakeSurroundings();
  readonly log = new RecordingLog();
  /** The texts and headers of all answers. */
  readonly said: string[] = [];
  #keys = 0;
  readonly #functions;

  constructor(store?: Store, told: { executionsUrl?: string } = {}) {
    const { mail, links, workflow, events, artifacts, builds, scheduler, states, surroundings, webhookSecrets, log } =
      this;
    const ports = {
      store: store ?? this.store,
      mail,
      links,
      workflow,
      events,
      artifacts,
      builds,
      states,
      scheduler,
      surroundings,
      webhookSecrets,
      limits: { perApplication: 2, inAll: 3 },
      leastTtlSeconds: 3600,
      leastGateExpirySeconds: 3600,
      pinnedSessionRoles: ['Staff', 'Clients', 'Tooling'].map((role) => `arn:aws:iam::999999999999:role/${role}`),
      reservedAccount: '000000000000',
      allowedSources: [],
    };
    const services = { ...ports, publicUrl: PUBLIC_URL, ...told };
    this.#functions = {
      read: apiHandler(READ, { services, log }),
      configure: apiHandler(CONFIGURE, { services, log }),
      approvers: apiHandler(APPROVERS, { services, log }),
      deploy: apiHandler(DEPLOY, { services, log }),
      ephemeral: apiHandler(EPHEMERAL, { services, log }),
      decide: apiHandler(DECIDE, { services, log }),
      webhook: apiHandler(WEBHOOK, { services, log }),
      open: apiHandler(OPEN, { services, log }),
    };
  }

  get(path: string, query: Record<string, string> = {}): Promise<Answer> {
    return this.call('GET', path, { query });
  }

  put(path: string, body: unknown, caller?: string): Promise<Answer> {
    return this.call('PUT', path, { body, ...(caller && { caller }) });
  }

  patch(path: string, body: unknown, caller?: string): Promise<Answer> {
    return this.call('PATCH', path, { body, ...(caller && { caller }) });
  }

  post(path: string, body: unknown, caller?: string): Promise<Answer> {
    return this.call('POST', path, { body, ...(caller && { caller }) });
  }

  delete(path: string): Promise<Answer> {
    return this.call('DELETE', path);
  }

  /**
   * Sends a request to the function of its route. A text is sent as it is, anything else as JSON. Every POST that may have
   * an `Idempotency-Key` has one, and is sent once more: its repetition must get the same answer.
   */
  async call(method: string, path: string, given: Given = {}): Promise<Answer> {
    const role = ROLES.get(routeOf(method, path).key);
    if (
      method !== 'POST' ||
      role === undefined ||
      role === 'public' ||
      given.headers?.['idempotency-key'] !== undefined
    )
      return this.send(method, path, given);
    this.#keys += 1;
    const keyed = { ...given, headers: { ...given.headers, 'idempotency-key': `key-${this.#keys}` } };
    const answer = await this.send(method, path, keyed);
    if (answer.status < 400) deepStrictEqual(await this.send(method, path, keyed), answer);
    return answer;
  }

  /** Sends a request once, with just the headers that are given. */
  async send(method: string, path: string, given: Given = {}): Promise<Answer> {
    const { body, caller = ADMIN, ...request } = given;
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const event = httpEvent({ method, path, ...request, ...(text !== undefined && { body: text }), caller });
    const wanted = routeOf(method, path).key;
    const route = Object.entries(ROUTES).find(([key]) => key === wanted)?.[1] ?? UNKNOWN_ROUTE;
    const handler = Object.entries(this.#functions).find(([name]) => name === route.function)?.[1];
    if (!handler) throw new Error(`${method} ${path} leads to no function of the API`);
    const answer = this.#read(await handler(event, LAMBDA_CONTEXT as never));
    if (answer.type === 'application/problem+json') await requireDeclared(`${event.routeKey}`, answer.body.type);
    return answer;
  }

  #read({ statusCode = 0, headers = {}, body }: HttpAnswer): Answer {
    const text = body ?? '';
    this.said.push(text, JSON.stringify(headers));
    const type = headers['content-type'];
    return {
      status: statusCode,
      type: typeof type === 'string' ? type : undefined,
      body: text === '' ? undefined : JSON.parse(text),
      headers,
      text,
    };
  }
}
