import { apiHandler } from '../../runtime/api-handler.ts';
import { DEPLOY } from '../operations.ts';

export const handler = apiHandler('deploy', DEPLOY);
