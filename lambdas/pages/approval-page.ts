import { FUNCTIONS } from '../functions.ts';
import { pageHandler } from '../runtime/page-handler.ts';
import { APPROVAL_SITE } from './approval-site.ts';

export const handler = pageHandler(APPROVAL_SITE, {
  services: FUNCTIONS['approval-page'].services.from(process.env),
});
