import { apiHandler } from '../../runtime/api-handler.ts';
import { EPHEMERAL } from '../operations.ts';

export const handler = apiHandler('ephemeral', EPHEMERAL);
