# What `vagrant up` and `vagrant provision` need of the clone, built once however many machines ask for it.
module NuageChainLab
  LOCK = Mutex.new

  def self.build(provider, box)
    LOCK.synchronize do
      @built ||= system(File.expand_path("build", __dir__), provider, box) or raise "vagrant/lib/build failed."
    end
  end
end
