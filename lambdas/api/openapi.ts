import * as z from 'zod';
import { PROBLEMS, ProblemSchema } from '../runtime/http-errors.ts';
import type { Operation } from '../runtime/operation.ts';
import { INFO, SIGV4, serversOf } from './document/about.ts';
import { APPROVAL_PAGES } from './document/approval-pages.ts';
import { withExamples, withSharedExamples } from './document/examples.ts';
import {
  ETAG,
  IDEMPOTENCY_HEADERS,
  PRECONDITION_HEADERS,
  takesIdempotencyKey,
  takesIfMatch,
} from './document/headers.ts';
import { type JsonObject, plainOf, recordOf } from './document/json.ts';
import { GATEWAY_MESSAGE, refusalsOf, SHARED_RESPONSES } from './document/responses.ts';
import { TAGS } from './document/tags.ts';
import { WEBHOOK_PARTS } from './document/webhook.ts';
import { ROUTES } from './routes.ts';

/** The parts of an operation that go into the document. */
export type Documented = Omit<Operation<never>, 'answer'>;
/** What is described of a request in addition to the input of its operation. */
interface Parts {
  readonly headers?: z.ZodType;
  /** The schema of the body for each content type. */
  readonly contents?: Readonly<Record<string, z.ZodType>>;
}

const PAGES: Readonly<Record<string, object>> = APPROVAL_PAGES;
/** The requests that an operation reads in a form of somebody else's. */
const PARTS: Readonly<Record<string, Parts>> = { 'POST /webhooks/github': WEBHOOK_PARTS };

/** Makes the OpenAPI 3.1 document of the API from the route table and the schemas that validate every request. */
export function openapiDocument(operations: Readonly<Record<string, Documented>>): JsonObject {
  const schemas: JsonObject = {};
  const collect = (schema: z.ZodType, io: 'input' | 'output') => jsonSchemaOf(schema, io, schemas);
  const responses: JsonObject = { ...SHARED_RESPONSES };
  const paths: Record<string, JsonObject> = {};
  for (const [key, { role }] of Object.entries(ROUTES)) {
    // Builds are part of Stagegate, and only they can call these routes.
    if (role === 'build') continue;
    const [method = '', path = ''] = key.split(' ');
    const operation = operations[key];
    const described = operation
      ? describe({ key, role, operation, parts: PARTS[key] ?? {} }, collect, responses)
      : plainOf(PAGES[key]);
    const access: JsonObject = role === 'public' ? { security: [] } : { 'x-role': role };
    paths[path] = { ...paths[path], [method.toLowerCase()]: { ...withExamples(key, described), ...access } };
  }
  schemas.GatewayMessage = GATEWAY_MESSAGE;
  schemas.Problem = { ...recordOf(collect(ProblemSchema, 'output')), 'x-types': Object.keys(PROBLEMS) };
  return {
    openapi: '3.1.0',
    info: INFO,
    servers: serversOf(undefined),
    security: [{ sigv4: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas,
      securitySchemes: { sigv4: SIGV4 },
      responses: withSharedExamples(responses),
    },
  };
}

type Collect = (schema: z.ZodType, io: 'input' | 'output') => JsonObject;

interface Route {
  readonly key: string;
  readonly role: string;
  readonly operation: Documented;
  readonly parts: Parts;
}

function describe({ key, role, operation, parts }: Route, collect: Collect, shared: JsonObject): JsonObject {
  const { operationId, tag, summary, description = `${summary}.`, input, answers, isTagged } = operation;
  const { path, query, body } = input;
  const contents = { ...(body && { 'application/json': body }), ...parts.contents };
  return {
    operationId,
    tags: [tag],
    summary,
    description: `${description}\n\n${role === 'public' ? PUBLIC : `For the role **${role}** and those above it.`}`,
    parameters: [
      ...(path ? parametersOf('path', collect(path, 'input')) : []),
      ...(query ? parametersOf('query', collect(query, 'input')) : []),
      ...(parts.headers ? parametersOf('header', collect(parts.headers, 'input')) : []),
      ...(takesIdempotencyKey(key, operation) ? parametersOf('header', collect(IDEMPOTENCY_HEADERS, 'input')) : []),
      ...(takesIfMatch(key, operation) ? parametersOf('header', collect(PRECONDITION_HEADERS, 'input')) : []),
    ],
    ...(Object.keys(contents).length > 0 && {
      requestBody: {
        required: true,
        content: Object.fromEntries(
          Object.entries(contents).map(([type, schema]) => [type, { schema: collect(schema, 'input') }]),
        ),
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, schema]) => [
          status,
          { ...responseOf(Number(status), schema, collect), ...(isTagged && { headers: ETAG }) },
        ]),
      ),
      ...refusalsOf(key, operation, { isSigned: role !== 'public', shared }),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

const PUBLIC = 'For anybody: the request needs no signature of AWS.';

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

function parametersOf(place: 'path' | 'query' | 'header', schema: JsonObject): JsonObject[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(recordOf(schema.properties)).map(([name, property]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: property,
  }));
}

/**
 * Returns the JSON Schema of a zod schema and moves its named parts to `components/schemas`. The only part without a
 * name is `z.json()`.
 */
function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output', named: JsonObject): JsonObject {
  const text = JSON.stringify(z.toJSONSchema(schema, { io, override: tupleAsArray }))
    .replaceAll(/"(#\/\$defs\/)?__schema\d+"/g, '"$1JsonValue"')
    .replaceAll('"#/$defs/', '"#/components/schemas/');
  const { $schema, $defs, ...own } = recordOf(z.json().parse(JSON.parse(text)));
  Object.assign(named, recordOf($defs));
  return own;
}

/** Writes a tuple of one kind of items as an array of that length: many readers of documents know no `prefixItems`. */
function tupleAsArray({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const { prefixItems: [first, ...others] = [] } = jsonSchema;
  if (!first || others.length > 0) return;
  delete jsonSchema.prefixItems;
  Object.assign(jsonSchema, { items: first, minItems: 1, maxItems: 1 });
}
