import { apiHandler } from '../../runtime/api-handler.ts';
import { READ } from '../operations.ts';

export const handler = apiHandler('read', READ);
