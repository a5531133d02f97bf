import { FUNCTIONS } from '../../functions.ts';
import { apiHandler } from '../../runtime/api-handler.ts';
import { EPHEMERAL } from '../operations.ts';

export const handler = apiHandler(EPHEMERAL, {
  services: FUNCTIONS.ephemeral.services.from(process.env),
});
