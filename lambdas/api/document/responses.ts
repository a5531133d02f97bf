import { problemType, RETRY_AFTER_SECONDS } from '../../runtime/http-errors.ts';
import type { JsonObject } from './json.ts';
import { type AnsweredProblem, type Answering, isGeneral, problemsOf } from './problems.ts';

const PROBLEM = { $ref: '#/components/schemas/Problem' };
const MESSAGE = { 'application/json': { schema: { $ref: '#/components/schemas/GatewayMessage' } } };

/** The answers of API Gateway itself. */
const GATEWAY: Readonly<Record<number, string>> = {
  403: 'API Gateway: the signature is missing or wrong, or the caller has no permission for this route',
  429: 'API Gateway: too many requests; try again',
};

/** What all operations share. */
export const SHARED_RESPONSES: JsonObject = {
  Problem: {
    description: 'Any other problem',
    content: { 'application/problem+json': { schema: PROBLEM } },
  },
  Forbidden: { description: GATEWAY[403] ?? '', content: MESSAGE },
  TooManyRequests: { description: GATEWAY[429] ?? '', content: MESSAGE },
};

export const GATEWAY_MESSAGE: JsonObject = {
  type: 'object',
  properties: { message: { type: 'string' } },
  description: 'An answer of API Gateway itself, which the request passes first.',
};

/**
 * Returns the responses of a route for the problems that it may answer, by status, and for what API Gateway answers in
 * its place. Responses that many routes have are put into `shared`, the components of the document.
 */
export function refusalsOf(
  key: string,
  operation: Answering,
  { isSigned, shared }: { readonly isSigned: boolean; readonly shared: JsonObject },
): JsonObject {
  const byStatus = Map.groupBy(problemsOf(key, operation), ({ status }) => status);
  const responses: JsonObject = {
    ...(isSigned && { 403: { $ref: '#/components/responses/Forbidden' } }),
    429: { $ref: '#/components/responses/TooManyRequests' },
  };
  for (const [status, problems] of byStatus) {
    const response = responseOf(status, problems, isSigned && status === 403);
    if (!problems.every(({ name }) => isGeneral(name))) {
      responses[status] = response;
      continue;
    }
    const name = problems.map((problem) => pascalCase(problem.name)).join('Or');
    shared[name] = response;
    responses[status] = { $ref: `#/components/responses/${name}` };
  }
  return responses;
}

function responseOf(status: number, problems: readonly AnsweredProblem[], isOfGateway: boolean): JsonObject {
  const lines = problems.map(({ name, title }) => `- \`${name}\`: ${title}`);
  const types = problems.map(({ name }) => problemType(name));
  return {
    description: [...lines, ...(isOfGateway ? [`- ${GATEWAY[status]}`] : [])].join('\n'),
    ...(status === 503 && {
      headers: {
        'Retry-After': { description: 'Seconds', schema: { type: 'integer', examples: [RETRY_AFTER_SECONDS] } },
      },
    }),
    content: {
      'application/problem+json': { schema: { allOf: [PROBLEM, { properties: { type: { enum: types } } }] } },
      ...(isOfGateway && MESSAGE),
    },
  };
}

const pascalCase = (name: string): string => name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
