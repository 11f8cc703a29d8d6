import type { MarkerFault } from '../model/parse-marker.ts'
import { baseName } from '../model/rel-path.ts'
import type { Problem } from '../model/trouble.ts'
import { quote } from './quote.ts'

const WHY: Record<MarkerFault, string> = {
  'too-long': 'is longer than 4 KiB, so it is no marker',
  empty: 'is empty',
  'no-digest': 'holds no checksum that we know',
  'other-name': 'is about a file of another name',
  'other-kind': 'holds a checksum of another kind than its suffix says',
  ambiguous: 'holds more than one line, so it is not clear which counts',
}

/** Its file waits: only a marker that can be read finishes one. */
export const explainMarker = (path: string, fault: MarkerFault): Problem => ({
  code: `marker-${fault}`,
  path,
  message: `The marker ${quote(path)} ${WHY[fault]}.`,
  hint: `Write it again at the source, as the last step: md5sum FILE > FILE.md5 (here ${quote(baseName(path))}).`,
})
