import { FUNCTIONS } from '../../functions.ts';
import { apiHandler } from '../../runtime/api-handler.ts';
import { READ } from '../operations.ts';

export const handler = apiHandler(READ, {
  services: FUNCTIONS.read.services.from(process.env),
});
