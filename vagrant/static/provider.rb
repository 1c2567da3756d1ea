# A provider for machines that vagrant/static/machine starts and ends: systemd-nspawn nodes, in a second or two.
module NuageChainStatic
  PROGRAM = File.expand_path("machine", __dir__)

  class Config < Vagrant.plugin("2", :config)
    # address: of the interface that Vagrant speaks to; link: address/prefix on the lab's own network.
    attr_accessor :address, :link
  end

  # Has the program do one thing to the machine.
  class Machine
    def initialize(app, _env, verb)
      @app, @verb = app, verb
    end

    def call(env)
      Provider.run(env[:machine], @verb == "stop" && env[:force_halt] ? "kill" : @verb)
      env[:machine].id = @verb == "remove" ? nil : env[:machine].name.to_s
      @app.call(env)
    end
  end

  class Provider < Vagrant.plugin("2", :provider)
    include Vagrant::Action::Builtin
    START = [[Machine, "start"], [WaitForCommunicator, [:running]]].freeze
    STEPS = {
      up: [ConfigValidate, Provision, *START],
      reload: [ConfigValidate, Provision, [Machine, "stop"], *START],
      provision: [ConfigValidate, Provision],
      halt: [[Machine, "stop"]],
      destroy: [[Machine, "remove"], ProvisionerCleanup],
      ssh: [SSHExec],
      ssh_run: [SSHRun],
    }.freeze

    def self.run(machine, verb)
      config = machine.provider_config
      done = Vagrant::Util::Subprocess.execute(PROGRAM, verb, machine.name.to_s, config.address, config.link)
      raise "#{verb} #{machine.name}: #{done.stderr}" unless done.exit_code.zero?

      done.stdout.strip
    end

    def initialize(machine)
      super
      @machine = machine
    end

    def action(name)
      Vagrant::Action::Builder.new.tap { |made| STEPS[name].each { |step| made.use(*step) } } if STEPS.key?(name)
    end

    def state
      now = Provider.run(@machine, "state")
      Vagrant::MachineState.new(now.to_sym, now.tr("_", " "), "")
    end

    def ssh_info
      { host: @machine.provider_config.address, port: 22 } if state.id == :running
    end
  end

  class Plugin < Vagrant.plugin("2")
    name "nuage-chain static"
    config(:static, :provider) { Config }
    provider(:static, box_optional: true, parallel: true) { Provider }
  end
end
