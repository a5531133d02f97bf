import { FUNCTIONS } from '../../functions.ts';
import { apiHandler } from '../../runtime/api-handler.ts';
import { DECIDE } from '../operations.ts';

export const handler = apiHandler('decide', DECIDE, {
  services: FUNCTIONS.decide.services.from(process.env),
});
