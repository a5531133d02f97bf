import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Api } from '../../client/api-client.ts';
import { readEnvironment } from '../../deployment/deployments.ts';
import { CommandError } from '../../output/command-error.ts';
import type { Ending } from '../../output/exit-codes.ts';
import type { BoardRequest } from '../door/messages.ts';
import { boardPage } from '../frame/board-page.ts';
import { applicationPath, overviewPath, type Scene } from '../frame/scene.ts';
import type { ActionName, Route } from '../routes.ts';
import type { Action } from './action.ts';
import { againPage } from './again-page.ts';
import { cancel } from './cancel.ts';
import { confirmationPage, KEY, TYPED_NAME } from './confirmation-page.ts';
import { hold } from './hold.ts';
import { promote } from './promote.ts';
import { rollback } from './rollback.ts';

const ACTIONS: Readonly<Record<ActionName, Action>> = { promote, rollback, hold, cancel };

const KeySchema = z.uuid();

type ActionRoute = Extract<Route, { page: 'action' }>;
interface Page {
  readonly page: string;
  readonly status: number;
}

/** Asks before an action. Throws CommandError when there is nothing to ask. */
export async function ask(api: Api, scene: Scene, route: ActionRoute, query: URLSearchParams): Promise<Page> {
  return asked(api, scene, route, { form: query, key: randomUUID() });
}

/**
 * Does what a form asks for. Returns the address of what shows it, or a page that says why it was not done, or that nobody
 * knows.
 */
export async function carryOut(
  { reading, acting }: { readonly reading: Api; readonly acting: Api },
  scene: Scene,
  route: ActionRoute,
  { body }: BoardRequest,
): Promise<string | Page> {
  const form = new URLSearchParams(body.toString());
  const again = (problem: CommandError, isCertain: boolean): Page => ({
    page: framed(scene, route.app, againPage(scene, route.app, { form, problem, isCertain })),
    status: isCertain ? 422 : 503,
  });
  try {
    const key = await checkForm(reading, route, form);
    return await ACTIONS[route.action].perform(acting, route, form, { scene, key }).catch((error: unknown) => {
      if (error instanceof CommandError && MAYBE_DONE.includes(error.ending)) return again(error, false);
      throw error;
    });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // A new key, because what was refused under the old one stays refused under it.
    return asked(reading, scene, route, { form, problem: error, key: randomUUID() }).catch(() => again(error, true));
  }
}

/** What may have been done although no answer says so. */
const MAYBE_DONE: readonly Ending[] = ['unreachable', 'failed', 'interrupted'];

/** Returns the key of a form. Throws CommandError if the form is not whole, or the name of production was not typed. */
async function checkForm(api: Api, { app, env }: ActionRoute, form: URLSearchParams): Promise<string> {
  const { data: key } = KeySchema.safeParse(form.get(KEY));
  if (key === undefined) throw new CommandError('usage', `key: ${JSON.stringify(form.get(KEY))} is not that of a form`);
  const { stage } = await readEnvironment(api, app, env);
  if (stage === 'production') checkName(env, form.get(TYPED_NAME) ?? '');
  return key;
}

/** Throws CommandError unless the name of a production environment was typed. */
function checkName(environment: string, typed: string): void {
  if (typed.trim() === environment) return;
  const words =
    typed.trim() === ''
      ? `type ${environment}, the name of the environment, to go on`
      : `${JSON.stringify(typed)} is not the name of the environment, which is ${environment}`;
  throw new CommandError('usage', words);
}

type Given = Parameters<typeof confirmationPage>[2];

async function asked(api: Api, scene: Scene, route: ActionRoute, given: Given): Promise<Page> {
  const question = await ACTIONS[route.action].ask(api, route, given.form, scene);
  const { title, main } = confirmationPage(scene, question, given);
  return { page: framed(scene, question.application, { title, main }), status: given.problem ? 422 : 200 };
}

const framed = (
  scene: Scene,
  application: string,
  shown: Pick<Parameters<typeof boardPage>[1], 'title' | 'main'>,
): string =>
  boardPage(scene, {
    ...shown,
    above: [
      [overviewPath(scene), 'Applications'],
      [applicationPath(scene, application), application],
    ],
  });
