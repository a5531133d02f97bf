import { AppliesSchema } from '../../domain/contract/applies.ts';
import { service } from './service-set.ts';

/** Whether plans are applied, or all applies are banned. */
export const applies = service({ APPLIES: AppliesSchema }, ({ APPLIES }) => ({ applies: APPLIES }));
