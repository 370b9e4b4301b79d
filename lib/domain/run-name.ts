/** Two words that a person can say across a desk: the name of a run that nobody named. Not unique, and need not be. */

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

export const adjectives = words(`
  able agile airy alert amber ample apt arctic artful avid azure balmy bold bonny bouncy brainy brave
  breezy bright brisk bubbly calm candid caring cheery chipper civic classy clean clear clever cobalt
  coral cosmic cosy courtly cozy crafty crisp curious dainty dapper daring dashing dear deft devoted dewy
  diligent dreamy droll eager earnest easy elated epic fabled fair faithful fancy fearless festive fine
  fleet fluffy fond frank free fresh friendly frosty funny gallant genial gentle gifted giving glad
  gleaming glowing golden good graceful gracious grand grateful great groovy handy happy hardy hearty
  helpful honest hopeful humble icy ideal indigo jaunty jolly jovial joyful keen kind lively loyal lucid
  lucky lunar magic mellow merry mighty mild mindful modest mossy neat nifty nimble noble olive patient
  peachy peppy perky placid playful plucky polite proud quick quiet radiant rapid ready regal roaming
  robust rosy ruby sage scarlet serene sharp shining silent silky silver sincere smart smiling snappy
  snowy solar solid spirited splendid spry stable starry steady stellar sterling sturdy subtle sunlit
  sunny super sure swift tall tender thankful thrifty tidy tireless tranquil trim trusty upbeat valiant
  velvet vivid warm wise witty woolly worthy zany zealous zesty
`)

export const nouns = words(`
  acorn albatross alder alpaca antelope aspen aurora axolotl badger bamboo beacon bear beaver birch bison
  bluebird bobcat breeze brook buffalo bunny canary canyon caracal cardinal caribou cat cedar cheetah
  chickadee chinchilla chipmunk clover comet condor cormorant cosmos cougar coyote crane cricket crow
  cuckoo curlew cypress daisy deer delta dingo dolphin dormouse dove dragonfly duck dune eagle echidna
  egret elephant elk elm ember emu falcon fawn fern ferret finch firefly fjord flamingo forest fox gannet
  gazelle gecko gibbon giraffe glacier goldfinch goose grouse grove gull hamster harbor hare harrier hawk
  hazel hedgehog heron hippo horizon hornbill horse hummingbird ibex ibis iguana impala island jackdaw
  jaguar jay jellyfish kangaroo kestrel kingfisher kiwi koala koi lagoon lake lantern larch lark lemming
  lemur leopard lily lion llama lobster lotus lynx macaw magpie mallard manatee maple marlin marmot marten
  meadow meerkat meteor mole mongoose moon moose moth narwhal nebula newt nightingale nova nuthatch oak
  ocelot octopus okapi orca orchid oriole osprey otter owl oyster panda panther parrot pebble pelican
  penguin petrel pheasant pine piper planet plover pony poplar porpoise possum prairie puffin puma quail
  quokka rabbit raccoon raven reef reindeer river robin rook rowan salamander salmon sandpiper seagull
  seal sequoia shrew skylark sloth snail sparrow spruce squid squirrel starling stoat stork sturgeon
  summit swallow swan tamarin tapir tern thistle thrush tiger toad tortoise toucan trout tulip turtle
  valley vole wallaby walrus warbler weasel whale willow wolf wombat woodpecker wren yak zebra
`)

const pick = (list: readonly string[], random: () => number): string =>
  list[Math.min(list.length - 1, Math.floor(random() * list.length))] ?? ''

/** `gentle-otter`. `random` answers 0 ≤ x < 1, like `Math.random`. */
export const generateRunName = (random: () => number): string =>
  `${pick(adjectives, random)}-${pick(nouns, random)}`
