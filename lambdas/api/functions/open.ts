import { FUNCTIONS } from '../../functions.ts';
import { apiHandler } from '../../runtime/api-handler.ts';
import { OPEN } from '../operations.ts';

export const handler = apiHandler(OPEN, {
  services: FUNCTIONS.open.services.from(process.env),
});
