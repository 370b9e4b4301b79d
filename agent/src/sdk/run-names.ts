const FIRST =
  'able agile amber ample azure bold brave bright brisk calm candid clear clever cobalt coral cosmic crisp curious daring deep eager early easy fair fancy fast fine fleet fond free fresh gentle giddy glad golden good grand green happy hardy honest humble ideal ivory jade jolly keen kind large light lively lucid lucky lunar mellow merry mighty mild modest neat nimble noble olive opal patient plucky polite prime proud quick quiet rapid ready regal rosy royal ruby sage sandy serene sharp shiny silent silver simple sincere smart smooth snowy solar solid steady still sturdy sunny super swift teal tidy tranquil true upbeat vast velvet vivid warm wise witty young zesty'
const SECOND =
  'antelope badger bat bear beaver bee bison bobcat buffalo camel caribou cat cheetah cicada cobra condor corgi coyote crab crane cricket crow deer dingo dolphin dove dragon duck eagle eel egret elk falcon ferret finch fox frog gazelle gecko gibbon goat goose gull hare hawk hedgehog heron hornet horse hyena ibex ibis iguana jackal jaguar jay kestrel kiwi koala lark lemur leopard lion lizard llama lobster lynx macaw magpie marmot marten mole moose moth mouse newt ocelot octopus orca oriole osprey otter owl ox panda panther parrot pelican penguin pigeon pika puffin puma quail rabbit raccoon ram raven robin salmon seal shark sparrow squid stork swan tapir tiger toad toucan trout turtle viper walrus wasp weasel whale wolf wombat wren yak zebra'

const pick = (words: string): string => {
  const list = words.split(' ')
  return list[Math.floor(Math.random() * list.length)] ?? 'new'
}

/** Two words, such as `golden-heron`. Not unique; the id is. */
export const newRunName = (): string => `${pick(FIRST)}-${pick(SECOND)}`
