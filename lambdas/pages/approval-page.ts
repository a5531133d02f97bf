import { pageHandler } from '../runtime/page-handler.ts';
import { APPROVAL_SITE } from './approval-site.ts';

export const handler = pageHandler('approval-page', APPROVAL_SITE);
