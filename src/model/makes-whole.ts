import type { Action, Step } from './plan.ts'

const ACTIONS: ReadonlySet<Action> = new Set(['pull', 'resume', 'adopt', 'repair'])

/** Whether a step leaves its file published and whole. */
export const makesWhole = ({ action }: Pick<Step, 'action'>): boolean => ACTIONS.has(action)
