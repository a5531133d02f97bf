import { serversOf } from '../../lambdas/api/document/about.ts';
import { apiDocument } from '../../lambdas/api/get-openapi.ts';
import { lintDocuments } from './lint-document.ts';

/**
 * `npm run lint:api`: lints the OpenAPI document as it is in AWS, in the local cloud and without an address, with the
 * recommended rules of Redocly and Spectral. Ends with 1 if there is an error or a warning.
 */
// Operations ask for it as they are loaded; a function has it from Lambda.
process.env.AWS_LAMBDA_FUNCTION_NAME ??= 'stagegate-open';
const document = await apiDocument();
const at = (host?: string) => ({ ...document, servers: serversOf(host) });
const found = await lintDocuments({
  aws: at('a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com'),
  local: at('127.0.0.1:4700'),
  anywhere: at(),
});
for (const line of found) console.error(line);
if (found.length > 0) process.exitCode = 1;
else console.log('the OpenAPI document has no error and no warning');
