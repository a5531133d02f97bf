import { decide, decisionOptions } from '../deployment/decide.ts';
import { command } from '../frame/command.ts';

export const reject = command({
  usage: 'reject <environment>',
  summary: 'Show the plan that waits in an environment, and reject exactly that plan',
  options: decisionOptions,
  run: (session) => decide(session, 'reject'),
});
