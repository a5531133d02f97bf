import fc from 'fast-check';
import { githubHeaders, signatureOf } from '../../harness/github-payloads.ts';
import { JANE } from '../pipeline-world.ts';
import { ADMIN, type Answer, TestApi } from '../test-api.ts';
import { arbitraryOf, JUNK } from './arbitrary-of.ts';
import type { AskedWorld } from './asked-world.ts';
import type { DescribedRoute } from './described-api.ts';

/** What a route did with its inputs. */
export interface Driven {
  readonly route: string;
  readonly inputs: number;
  /** How often it answered each status, and each problem. */
  readonly statuses: ReadonlyMap<number, number>;
  readonly problems: ReadonlyMap<string, number>;
  /** Answers that may not be: what is wrong, and the request. */
  readonly findings: readonly string[];
}

interface Input {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly caller: string;
}

/** The kinds of records in which a refusal itself is told. Nothing else changes with one. */
const ABOUT_REFUSALS = /^AUDIT#|\|REFUSED#|^REQUEST#|^WEBHOOK#/;

/** Asks a route with generated inputs, each in a fresh copy of the world. */
export async function drive(
  route: DescribedRoute,
  { world, words, parameters, bodies, prepare }: AskedWorld,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<Driven> {
  const statuses = new Map<number, number>();
  const problems = new Map<string, number>();
  const findings: string[] = [];
  for (const input of fc.sample(inputsOf(route, { words, parameters, bodies }), { numRuns: count, seed })) {
    const store = world.store.copy();
    const api = new TestApi(store);
    await prepare(api);
    const before = store.versions();
    const answer = await ask(api, route, input);
    countIn(statuses, answer.status);
    if (answer.status >= 400) countIn(problems, String(answer.body?.type).replace('urn:stagegate:problem:', ''));
    const changed = changes(before, store.versions());
    const effects = [
      api.mail.sent.length,
      api.workflow.executions.size,
      api.events.published.length,
      api.scheduler.wakeUps.size,
    ];
    const fits = route.answerFits(answer.status, answer.type, answer.body);
    const wrong = [
      answer.status >= 500 && `answered ${answer.status}`,
      fits === undefined && `answered ${answer.status} ${answer.type}, which is not described`,
      fits === false && `the answer ${answer.status} does not fit its schema`,
      answer.status >= 400 && changed.length > 0 && `a refusal changed ${changed.join(', ')}`,
      answer.status >= 400 && effects.some((number) => number > 0) && 'a refusal had effects',
    ].filter((each) => each !== false);
    if (wrong.length > 0)
      findings.push(`${route.key}: ${wrong.join('; ')} for ${JSON.stringify(input)}: ${answer.text.slice(0, 300)}`);
  }
  return { route: route.key, inputs: count, statuses, problems, findings };
}

const countIn = <Key>(counts: Map<Key, number>, key: Key): void => void counts.set(key, (counts.get(key) ?? 0) + 1);

const changes = (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter(
    (place) => before.get(place) !== after.get(place) && !ABOUT_REFUSALS.test(place),
  );

function inputsOf(
  { key, parameters: described, body }: DescribedRoute,
  { words, parameters, bodies }: Pick<AskedWorld, 'words' | 'parameters' | 'bodies'>,
): fc.Arbitrary<Input> {
  const part = (place: string, wrong: number, usual: AskedWorld['parameters']) => {
    const fields = described
      .filter((each) => each.in === place)
      .map(({ name, schema }) => {
        const generated = fc.oneof(arbitraryOf(schema, { words, wrong }), fc.constantFrom(...words));
        const [best, ...others] = usual[name] ?? [];
        if (best === undefined) return [name, generated];
        const known = fc.oneof({ arbitrary: fc.constant(best), weight: 6 }, fc.constantFrom(best, ...others));
        return [name, fc.oneof({ arbitrary: known, weight: 9 }, generated)];
      });
    return fc.record(Object.fromEntries(fields), place === 'path' ? {} : { requiredKeys: [] });
  };
  const sample = bodies[key];
  const generated = body ? arbitraryOf(body, { words, wrong: 10 }) : fc.constantFrom(undefined, {}, 'not JSON', 'null');
  const bodyOf =
    sample === undefined
      ? generated
      : fc.oneof(fc.constant(sample), changed(sample, words), generated, fc.constantFrom(undefined, '{', '[]', ''));
  return fc.record({
    parameters: part('path', 10, parameters),
    query: fc.oneof(
      { arbitrary: fc.constant({}), weight: 4 },
      { arbitrary: part('query', 10, {}), weight: 5 },
      fc.record({ unknown: fc.constant('1') }),
    ),
    headers: fc.oneof(fc.constant({}), part('header', 20, {})),
    body: bodyOf,
    caller: fc.constantFrom(ADMIN, JANE),
  });
}

/** An accepted body with one field left out, or with another value. */
const changed = (sample: unknown, words: readonly string[]): fc.Arbitrary<unknown> =>
  typeof sample === 'object' && sample !== null
    ? fc
        .tuple(
          fc.constantFrom(...Object.keys(sample)),
          fc.oneof(JUNK, fc.constantFrom(...words), fc.constant(undefined)),
        )
        .map(([field, value]) => ({ ...sample, [field]: value }))
    : fc.constant(sample);

async function ask(api: TestApi, { key }: DescribedRoute, input: Input): Promise<Answer> {
  const [method = '', template = ''] = key.split(' ');
  const path = template.replaceAll(
    /\{(\w+)\}/g,
    (_, name: string) => encodeURIComponent(textOf(input.parameters[name])) || '%20',
  );
  const texts = (values: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, textOf(value)]));
  const headers = Object.fromEntries(
    Object.entries(texts(input.headers)).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const text = typeof input.body === 'string' ? input.body : JSON.stringify(input.body);
  const signed =
    key === 'POST /webhooks/github' && input.caller === ADMIN
      ? { ...headers, ...githubHeaders('push', 'd-1', signatureOf(api.webhookSecrets.secret(), text ?? '')) }
      : headers;
  return api.send(method, path, {
    query: texts(input.query),
    headers: signed,
    caller: input.caller,
    ...(text !== undefined && { body: text }),
  });
}

/** Returns a value as it stands in a path, a query or a header. */
const textOf = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.isWellFormed() ? text : text.toWellFormed();
};
