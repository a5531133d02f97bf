import type { RouteKey } from '../../lambdas/api/routes.ts';
import { routeOf } from '../harness/http-event.ts';
import type { Answer, TestApi } from './test-api.ts';

/** A request that a test sent, and what the API answered. */
export interface Example {
  readonly request: {
    readonly path: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  readonly status: number;
  readonly body?: unknown;
}

type Sent = Pick<Example['request'], 'query' | 'headers' | 'body'> & { readonly caller?: string };

/** Keeps what the API answered, by route: the first answer of each status. */
export class ExampleRecorder {
  readonly examples: Partial<Record<RouteKey, Example[]>> = {};
  readonly #api: TestApi;

  constructor(api: TestApi) {
    this.#api = api;
  }

  /** Sends a request and keeps it with its answer. Fails unless the status is the expected one. */
  async keep(expected: number, method: string, path: string, { caller, ...sent }: Sent = {}): Promise<Answer> {
    const answer = await this.#api.call(method, path, { ...sent, ...(caller && { caller }) });
    if (answer.status !== expected) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    const route = routeOf(method, path);
    const key = route?.key as RouteKey;
    const kept = this.examples[key] ?? [];
    this.examples[key] = kept;
    if (!kept.some(({ status }) => status === expected))
      kept.push({
        request: {
          path: route?.parameters ?? {},
          ...sent,
          ...(sent.body !== undefined && { body: parsed(sent.body) }),
        },
        status: expected,
        ...(answer.body !== undefined && { body: answer.body }),
      });
    return answer;
  }
}

/** A signed body is sent as text. */
const parsed = (body: unknown): unknown => (typeof body === 'string' ? JSON.parse(body) : body);
