import { FUNCTIONS } from '../../functions.ts';
import { apiHandler } from '../../runtime/api-handler.ts';
import { APPROVERS } from '../operations.ts';

export const handler = apiHandler(APPROVERS, {
  services: FUNCTIONS.approvers.services.from(process.env),
});
