import { FUNCTIONS } from '../../functions.ts';
import { apiHandler } from '../../runtime/api-handler.ts';
import { DEPLOY } from '../operations.ts';

export const handler = apiHandler(DEPLOY, {
  services: FUNCTIONS.deploy.services.from(process.env),
});
