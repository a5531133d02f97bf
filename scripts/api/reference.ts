import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiDocument } from '../../lambdas/api/get-openapi.ts';
import { referencePage } from './reference-page.ts';

/** `npm run reference`: writes docs/api-reference.md from the OpenAPI document. */
// Operations ask for it as they are loaded; a function has it from Lambda.
process.env.AWS_LAMBDA_FUNCTION_NAME ??= 'stagegate-open';
writeFileSync(join(import.meta.dirname, '..', '..', 'docs', 'api-reference.md'), referencePage(await apiDocument()));
