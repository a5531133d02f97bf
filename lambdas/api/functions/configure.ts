import { FUNCTIONS } from '../../functions.ts';
import { apiHandler } from '../../runtime/api-handler.ts';
import { CONFIGURE } from '../operations.ts';

export const handler = apiHandler(CONFIGURE, {
  services: FUNCTIONS.configure.services.from(process.env),
});
