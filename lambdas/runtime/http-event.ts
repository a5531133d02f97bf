import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as z from 'zod';

/** A part that a request may lack: the gateway leaves it out, or sends null in a test event of its console. */
const optional = <Schema extends z.ZodType>(schema: Schema, otherwise: z.output<Schema>) =>
  schema.nullish().transform((value) => value ?? otherwise);

/** The parts that are read of an HTTP API request, payload format 2.0. Path and query parameters arrive decoded. */
export const HttpEventSchema = z.object({
  routeKey: z.string(),
  rawPath: z.string(),
  /** Names are lower-case; values of a repeated header are joined by commas. */
  headers: optional(z.record(z.string(), z.string()), {}),
  pathParameters: optional(z.record(z.string(), z.string()), {}),
  queryStringParameters: optional(z.record(z.string(), z.string()), {}),
  body: optional(z.string(), ''),
  isBase64Encoded: optional(z.boolean(), false),
  requestContext: z.object({
    requestId: z.string(),
    http: z.object({ method: z.string() }).nullish(),
    authorizer: z
      .object({ iam: z.object({ userArn: z.string().min(1), userId: z.string().nullish() }).nullish() })
      .nullish(),
  }),
});
export type HttpEvent = z.infer<typeof HttpEventSchema>;

export type HttpAnswer = APIGatewayProxyStructuredResultV2;

/** Returns the body as it was sent. HTTP APIs encode every body that is not declared as text, such as a form. */
export const bytesOf = ({ body, isBase64Encoded }: HttpEvent): Buffer =>
  Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');

export const bodyOf = (event: HttpEvent): string => bytesOf(event).toString('utf8');

/** Headers of every answer: browsers and search engines must not cache, sniff, frame or index it. */
export const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex, nofollow',
} as const;
