import { FUNCTIONS } from '../../functions.ts';
import { apiHandler } from '../../runtime/api-handler.ts';
import { CREDENTIALS } from '../operations.ts';

export const handler = apiHandler(CREDENTIALS, {
  services: FUNCTIONS.credentials.services.from(process.env),
});
