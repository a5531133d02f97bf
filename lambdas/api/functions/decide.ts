import { FUNCTIONS } from '../../functions.ts';
import { apiHandler } from '../../runtime/api-handler.ts';
import { DECIDE } from '../operations.ts';

export const handler = apiHandler(DECIDE, {
  services: FUNCTIONS.decide.services.from(process.env),
});
