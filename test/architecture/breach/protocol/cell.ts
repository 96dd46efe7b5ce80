// Clean: every rule stays silent here.
import { Type } from 'typebox';

export const cell = Type.Object({ n: Type.Integer() });
