import * as z from 'zod';
import { answer, operation } from '../runtime/operation.ts';
import { type Documented, openapiDocument } from './openapi.ts';

/** Made once per function instance, when first asked for: the operations it lists include itself. */
export const getOpenapi = (operations: () => Readonly<Record<string, Documented>>) => {
  let document: ReturnType<typeof openapiDocument> | undefined;
  return operation(
    {
      summary: 'This API as an OpenAPI 3.1 document',
      input: {},
      answers: { 200: z.record(z.string(), z.json()) },
    },
    async () => {
      document ??= openapiDocument(operations());
      return answer(200, document);
    },
  );
};
