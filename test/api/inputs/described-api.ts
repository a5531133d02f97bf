import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { TestApi } from '../test-api.ts';

type Schema = { readonly [key: string]: unknown };

/** A route as the API's own description has it, with all references replaced by what they name. */
export interface DescribedRoute {
  readonly key: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly body: Schema | undefined;
  /** Says whether an answer fits: undefined if its status or content type is not described. */
  answerFits(status: number, type: string | undefined, body: unknown): boolean | undefined;
}

interface Described {
  readonly parameters?: DescribedRoute['parameters'];
  readonly requestBody?: { readonly content: Record<string, { schema: Schema }> };
  readonly responses: Record<string, { content?: Record<string, { schema?: Schema }> }>;
}

/** Reads what `GET /openapi.json` says of the routes that answer JSON. */
export async function describedApi(): Promise<DescribedRoute[]> {
  const { body: document } = await new TestApi().get('/openapi.json');
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'api', components: document.components });
  const compiled = new Map<string, ValidateFunction>();
  return Object.entries(document.paths as Record<string, Record<string, Described>>).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(() => !path.startsWith('/approvals/'))
      .map(([method, { parameters = [], requestBody, responses }]) => {
        const key = `${method.toUpperCase()} ${path}`;
        return {
          key,
          parameters: parameters.map((parameter) => ({ ...parameter, schema: inlined(parameter.schema, document) })),
          body: requestBody && inlined(requestBody.content['application/json']?.schema ?? {}, document),
          answerFits(status: number, type: string | undefined, body: unknown) {
            const response = inlinedOnce(responses[status], document);
            if (!response) return undefined;
            if (body === undefined) return response.content === undefined;
            const schema = type === undefined ? undefined : response.content?.[type]?.schema;
            if (!schema) return undefined;
            const name = `${key} ${status} ${type}`;
            const fits =
              compiled.get(name) ?? ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')));
            compiled.set(name, fits);
            return fits(body);
          },
        };
      }),
  );
}

type Response = Described['responses'][string];

const inlinedOnce = (value: (Response & { $ref?: string }) | undefined, document: unknown): Response | undefined =>
  value?.$ref === undefined ? value : (at(document, value.$ref) as Response);

/** Replaces references. A schema that contains itself ends where it begins again: anything may stand there. */
function inlined(schema: Schema, document: unknown, within: readonly string[] = []): Schema {
  if (typeof schema.$ref === 'string') {
    if (within.includes(schema.$ref)) return {};
    return inlined(at(document, schema.$ref) as Schema, document, [...within, schema.$ref]);
  }
  return JSON.parse(JSON.stringify(schema), (_, value) =>
    typeof value === 'object' && value !== null && '$ref' in value ? inlined(value, document, within) : value,
  );
}

const at = (document: unknown, reference: string): unknown =>
  reference
    .slice(2)
    .split('/')
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], document);
