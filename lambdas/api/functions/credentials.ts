import { apiHandler } from '../../runtime/api-handler.ts';
import { CREDENTIALS } from '../operations.ts';

export const handler = apiHandler('credentials', CREDENTIALS);
