import { decide, decisionOptions } from '../deployment/decide.ts';
import { command } from '../frame/command.ts';

export const approve = command({
  usage: 'approve <environment>',
  summary: 'Show the plan that waits in an environment, and approve exactly that plan',
  options: decisionOptions,
  run: (session) => decide(session, 'approve'),
});
