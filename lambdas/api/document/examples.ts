import kept from './examples.json' with { type: 'json' };
import { type JsonObject, plainOf, recordOf } from './json.ts';

/** A request that a test of the API sent, and what the API answered. */
interface Example {
  readonly request: {
    readonly path: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string | undefined>>;
    readonly headers?: Readonly<Record<string, string | undefined>>;
    readonly body?: unknown;
  };
  readonly status: number;
  readonly body?: unknown;
}

const EXAMPLES: Readonly<Record<string, readonly Example[]>> = kept;

/** Returns the example of a route that shows it at its best: the first one that is no problem. */
const exampleOf = (key: string): Example | undefined => EXAMPLES[key]?.find(({ status }) => status < 300);

/** Adds to the description of a route what a test sent there, and what it was answered. */
export function withExamples(key: string, described: JsonObject): JsonObject {
  const shown = exampleOf(key);
  const { parameters, requestBody, responses } = described;
  return {
    ...described,
    ...(Array.isArray(parameters) && {
      parameters: parameters.map((parameter) => withValue(recordOf(parameter), shown?.request)),
    }),
    ...(requestBody && { requestBody: withContent(recordOf(requestBody), shown?.request.body) }),
    responses: Object.fromEntries(
      Object.entries(recordOf(responses)).map(([status, response]) => {
        const answered = EXAMPLES[key]?.find((example) => String(example.status) === status);
        return [status, withContent(recordOf(response), answered?.body)];
      }),
    ),
  };
}

/** Adds an example to the responses that routes share. */
export function withSharedExamples(responses: JsonObject): JsonObject {
  const all = Object.values(EXAMPLES).flat();
  const shown = Object.entries({ InvalidInput: 400, NotFound: 404 }).map(([name, status]) => {
    const example = all.find((each) => each.status === status);
    return [name, withContent(recordOf(responses[name]), example?.body)];
  });
  return { ...responses, ...Object.fromEntries(shown) };
}

function withValue(parameter: JsonObject, request: Example['request'] | undefined): JsonObject {
  const sent = new Map<string, Example['request']['query']>([
    ['path', request?.path],
    ['query', request?.query],
    ['header', request?.headers],
  ]);
  const example = sent.get(String(parameter.in))?.[String(parameter.name)];
  return example === undefined ? parameter : { ...parameter, example: typed(parameter, example) };
}

/** Every value of a request is text; the document says what it means. */
const typed = ({ schema }: JsonObject, text: string): string | number =>
  ['integer', 'number'].includes(String(recordOf(schema).type)) ? Number(text) : text;

/** Adds a value to the first content of a body or an answer. Content that is said elsewhere stays as it is. */
function withContent(part: JsonObject, value: unknown): JsonObject {
  const [first, ...others] = Object.entries(recordOf(part.content));
  if (!first || value === undefined) return part;
  const [type, content] = first;
  const example = { ...recordOf(content), examples: { example: plainOf({ value }) } };
  return { ...part, content: { [type]: example, ...Object.fromEntries(others) } };
}
