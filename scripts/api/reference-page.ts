import { type JsonObject, recordOf } from '../../lambdas/api/document/json.ts';
import { fieldRows, nameOfType } from './schema-fields.ts';

const HEAD = `# API reference

\`npm run reference\` makes this page from the OpenAPI document (\`GET /openapi.json\`); a test keeps it up to date. [The REST API](api.md) explains how things belong
together, [access](access.md) shows who may call what, and [problems](problems.md) what to do about a refusal.

The requests use curl: \`$API\` is the address of the API (\`ApiUrl\` of the stack, or \`http://127.0.0.1:4700\` locally), and \`$AWS\` signs them:

    AWS='--aws-sigv4 aws:amz:eu-west-1:execute-api --user '"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"' -H x-amz-security-token:'"$AWS_SESSION_TOKEN"

Locally leave \`$AWS\` empty. All examples were made by a test. Bodies of answers with many fields are cut here, and whole in the OpenAPI document.
`;
const MOST_LINES = 40;
const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

interface Described {
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly operation: JsonObject;
}

/** Returns the reference of an OpenAPI document as Markdown: every operation by its tag, then the schemas. */
export function referencePage(document: JsonObject): string {
  const operations = Object.entries(recordOf(document.paths)).flatMap(([path, methods]) =>
    METHODS.flatMap((method): Described[] => {
      const operation = recordOf(recordOf(methods)[method]);
      return operation.operationId ? [{ key: `${method.toUpperCase()} ${path}`, method, path, operation }] : [];
    }),
  );
  const sections = listOf(document.tags).map(({ name, description }) => {
    const own = operations.filter(({ operation }) => listed(operation.tags).includes(String(name)));
    return [`## ${name}`, String(description), ...own.map((each) => operationSection(each, document))].join('\n\n');
  });
  const schemas = Object.entries(recordOf(recordOf(document.components).schemas)).map(([name, schema]) =>
    [`### ${name}`, fieldTable(recordOf(schema))].join('\n\n'),
  );
  return `${[HEAD, ...sections, '## Schemas', ...schemas].join('\n\n').replaceAll(/\n{3,}/g, '\n\n')}\n`;
}

function operationSection(described: Described, document: JsonObject): string {
  const { key, operation } = described;
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  const more = String(description).replace(`${summary}.`, '').trim();
  const contents = Object.entries(recordOf(recordOf(requestBody).content));
  return [
    `### ${operationId}`,
    `\`${key}\``,
    `${summary}.${more ? ` ${more.replaceAll('\n\n', ' ')}` : ''}`,
    parameterTable(listOf(parameters)),
    ...contents.map(([type, content]) => `Body (\`${type}\`):\n\n${fieldTable(recordOf(recordOf(content).schema))}`),
    responseTable(recordOf(responses), document),
    exampleOf(described),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function parameterTable(parameters: readonly JsonObject[]): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(({ name, in: place, required, schema }) =>
    row([`\`${name}\``, String(place), required ? 'yes' : '', nameOfType(recordOf(schema))]),
  );
  return table(['parameter', 'in', 'required', 'type'], rows);
}

function fieldTable(schema: JsonObject): string {
  const rows = fieldRows(schema);
  if (rows.length === 0) return nameOfType(schema);
  return table(
    ['field', 'type', 'required'],
    rows.map(({ name, type, isRequired }) => row([`\`${name}\``, type, isRequired ? 'yes' : ''])),
  );
}

function responseTable(responses: JsonObject, document: JsonObject): string {
  const shared = recordOf(recordOf(document.components).responses);
  const [rows, also, fields]: [string[], string[], string[]] = [[], [], []];
  for (const [status, given] of Object.entries(responses)) {
    const { $ref } = recordOf(given);
    const response = recordOf(typeof $ref === 'string' ? shared[$ref.replace(/^.*\//, '')] : given);
    const description = String(response.description);
    const names = [...description.matchAll(/^- `([\w-]+)`/gm)].map(([, name]) => `[\`${name}\`](problems.md#${name})`);
    if (status === 'default') continue;
    if ($ref) also.push(`${status} ${names.join(', ') || '(API Gateway)'}`);
    else rows.push(row([status, said(description), typeOfAnswer(response)]));
    const schema = recordOf(recordOf(recordOf(response.content)['application/json']).schema);
    if (!$ref && schema.properties) fields.push(`Answer ${status}:\n\n${fieldTable(schema)}`);
  }
  const others = also.length > 0 ? [`Also: ${also.join(' · ')}.`] : [];
  return [table(['status', 'says', 'body'], rows), ...others, ...fields].join('\n\n');
}

const typeOfAnswer = ({ content }: JsonObject): string =>
  Object.entries(recordOf(content))
    .map(([type, content]) =>
      type === 'application/json' ? nameOfType(recordOf(recordOf(content).schema)) : `\`${type}\``,
    )
    .join(', ');

/** Writes the list of problems in one cell; each name leads to its explanation. */
const said = (description: string): string =>
  description
    .replaceAll(/^- `([\w-]+)`/gm, '[`$1`](problems.md#$1)')
    .replaceAll(/^- /gm, '')
    .replaceAll('\n', '<br>');

/** Returns the request of the example as a command, and the answer. */
function exampleOf({ method, path, operation }: Described): string {
  const parameters = listOf(operation.parameters);
  const of = (place: string) =>
    new Map(parameters.flatMap(({ in: where, name, example }) => (where === place ? [[String(name), example]] : [])));
  const [inPath, inQuery] = [of('path'), of('query')];
  const [status, response] =
    Object.entries(recordOf(operation.responses)).find(([code, given]) => /^2/.test(code) && valueIn(given)) ?? [];
  const [, body] = valueIn(operation.requestBody) ?? [];
  const isPage = listed(operation.tags).includes('approval');
  if (isPage || (operation.security && method !== 'get')) return '';
  const query = [...inQuery].flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])).join('&');
  const url = `$API${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(inPath.get(name) ?? name))}`;
  const signed = operation.security ? '' : ' $AWS';
  const verb = method === 'get' ? '' : ` -X ${method.toUpperCase()}`;
  const data =
    body === undefined
      ? ''
      : ` \\\n      -H content-type:application/json -d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`;
  const command = `    curl${signed}${verb} "${url}${query && `?${query}`}"${data}`;
  const answer = response && status ? `\n\n${status}:\n\n${indented(valueIn(response)?.[1])}` : '';
  return `${command}${answer}`;
}

function indented(value: unknown): string {
  const lines = JSON.stringify(value, null, 2).split('\n');
  const shown = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), '…'] : lines;
  return shown.map((line) => `    ${line}`).join('\n');
}

/** Returns the content type and the value of the example of a body, if there is one. */
function valueIn(part: unknown): [string, unknown] | undefined {
  const contents = Object.entries(recordOf(recordOf(jsonOf(part)).content));
  for (const [type, content] of contents) {
    const { example } = recordOf(recordOf(content).examples);
    if (example !== undefined) return [type, recordOf(example).value];
  }
  return undefined;
}

const jsonOf = (value: unknown): JsonObject => (typeof value === 'object' && value !== null ? { ...value } : {});
const listOf = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.map((each) => recordOf(each)) : []);
const listed = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(head), row(head.map(() => '---')), ...rows].join('\n');
