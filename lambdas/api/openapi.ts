import * as z from 'zod';
import { PROBLEMS, ProblemSchema } from '../runtime/http-errors.ts';
import type { Operation } from '../runtime/operation.ts';
import { ROUTES } from './routes.ts';

type Json = z.infer<ReturnType<typeof z.json>>;
type JsonObject = { [key: string]: Json };
/** The parts of an operation that go into the document. */
export type Documented = Pick<Operation<never>, 'summary' | 'input' | 'answers'>;

const VERSION = '1';
const DESCRIPTION =
  'Applications, environments, releases, deployments and approvals. Requests are signed with AWS Signature Version 4 ' +
  '(service execute-api), except those of the public paths. What is refused is answered as a problem (RFC 9457) whose ' +
  '`type` ends with one of the listed names.';

/** Makes the OpenAPI 3.1 document of the API from the route table and the schemas that validate every request. */
export function openapiDocument(operations: Readonly<Record<string, Documented>>): JsonObject {
  const schemas: JsonObject = {};
  const collect = (schema: z.ZodType, io: 'input' | 'output') => jsonSchemaOf(schema, io, schemas);
  const paths: Record<string, JsonObject> = {};
  for (const [key, { role }] of Object.entries(ROUTES)) {
    // Builds are part of Stagegate, and only they can call these routes.
    if (role === 'build') continue;
    const [method = '', path = ''] = key.split(' ');
    const operation = operations[key];
    const described: JsonObject = operation ? describe(operation, collect) : PAGE;
    const access: JsonObject = role === 'public' ? { security: [] } : { 'x-role': role };
    paths[path] = { ...paths[path], [method.toLowerCase()]: { ...described, ...access } };
  }
  schemas.Problem = { ...recordOf(collect(ProblemSchema, 'output')), 'x-types': Object.keys(PROBLEMS) };
  return {
    openapi: '3.1.0',
    info: { title: 'Stagegate', version: VERSION, description: DESCRIPTION },
    security: [{ sigv4: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: { sigv4: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'AWS SigV4' } },
      responses: {
        Problem: {
          description: 'Why the request was refused',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  };
}

type Collect = (schema: z.ZodType, io: 'input' | 'output') => JsonObject;

function describe({ summary, input, answers }: Documented, collect: Collect): JsonObject {
  const { path, query, body } = input;
  return {
    summary,
    parameters: [
      ...(path ? parametersOf('path', collect(path, 'input')) : []),
      ...(query ? parametersOf('query', collect(query, 'input')) : []),
    ],
    ...(body && { requestBody: { required: true, content: jsonContent(collect(body, 'input')) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, schema]) => [status, responseOf(Number(status), schema, collect)]),
      ),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: 'As it is now',
  201: 'Made',
  202: 'Accepted; the work continues in the background',
  204: 'Gone',
};

function responseOf(status: number, schema: z.ZodType, collect: Collect): JsonObject {
  const description = STATUS_TEXT[status] ?? String(status);
  return schema instanceof z.ZodUndefined
    ? { description }
    : { description, content: jsonContent(collect(schema, 'output')) };
}

const jsonContent = (schema: JsonObject): JsonObject => ({ 'application/json': { schema } });

function parametersOf(place: 'path' | 'query', schema: JsonObject): JsonObject[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(recordOf(schema.properties)).map(([name, property]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: property,
  }));
}

/** The description of the approval pages. They answer HTML for people; programs use the decisions path. */
const PAGE: JsonObject = {
  summary: 'The approval page behind an e-mailed link, and the decision made on it; for people',
  parameters: [{ name: 'token', in: 'path', required: true, schema: { type: 'string' } }],
  responses: { default: { description: 'A page that says it all', content: { 'text/html': {} } } },
};

/**
 * Returns the JSON Schema of a zod schema and moves its named parts to `components/schemas`. The only part without a
 * name is `z.json()`.
 */
function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output', named: JsonObject): JsonObject {
  const text = JSON.stringify(z.toJSONSchema(schema, { io }))
    .replaceAll(/"(#\/\$defs\/)?__schema\d+"/g, '"$1JsonValue"')
    .replaceAll('"#/$defs/', '"#/components/schemas/');
  const { $schema, $defs, ...own } = recordOf(z.json().parse(JSON.parse(text)));
  Object.assign(named, recordOf($defs));
  return own;
}

const recordOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
