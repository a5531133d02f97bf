import { FUNCTIONS } from '../../functions.ts';
import { apiHandler } from '../../runtime/api-handler.ts';
import { WEBHOOK } from '../operations.ts';

export const handler = apiHandler(WEBHOOK, {
  services: FUNCTIONS.webhook.services.from(process.env),
});
